import { embed, EmbedNode } from '../embed';
import { Twos } from '../lib/bits';
import { Half } from '../lib/half';
import { Block256 } from '../lib/layout';
import { MatmulNode } from '../lib/matmul_node';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q2_K: w = d * scale * level - dmin * min, 2-bit levels, a 4-bit scale and min per 16 columns.
 *
 *     file, 84 bytes:             | 16 bytes: bits 0-3 scale, bits 4-7 min | 64 bytes of levels | d f16 | dmin f16 |
 *                                 32 bytes of levels serve four blocks, bits 2j and 2j + 1 the j-th
 *     packed, 4 rows, head 32:    | 4 d f32 | 4 -dmin f32 |
 *     packed, 4 rows, block 40:   | twos 32 | 4 scales and mins of the first half, 4 of the second |    lib/bits.ts draws twos
 */
@unmanaged
class Q2_K extends Block256 {
  @inline
  get fileBytes(): u32 {
    return 84;
  }

  @inline
  get headBytes(): u32 {
    return 32;
  }

  @inline
  get blockBytes(): u32 {
    return 40;
  }

  @inline
  get subs(): u32 {
    return 2;
  }

  @inline
  get offset(): i32 {
    return 0;
  }

  @inline
  get hasMins(): bool {
    return true;
  }

  @inline
  levels(block: usize, g: u32): v128 {
    return Twos.of(block, g);
  }

  @inline
  scale(head: usize, block: usize, sub: u32): v128 {
    const both = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(block + 4 * sub, 32)));
    return f32x4.mul(v128.load(head), f32x4.convert_i32x4_s(v128.and(both, i32x4.splat(15))));
  }

  @inline
  min(head: usize, block: usize, sub: u32): v128 {
    const both = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(block + 4 * sub, 32)));
    return f32x4.mul(v128.load(head, 16), f32x4.convert_i32x4_s(i32x4.shr_u(both, 4)));
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const raw = v128.load(file + 32 * (b >> 2) + 16 * half, 16);
    return v128.and(i8x16.shr_u(raw, 2 * (b & 3)), i8x16.splat(3));
  }

  @inline
  packLevels(groups: usize, block: usize): void {
    Twos.pack(groups, block);
  }

  @inline
  packScales(file: usize, head: usize, block: usize, row: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file, 80)));
    store<f32>(head + 4 * row, -Half.toFloat(load<u16>(file, 82)), 16);
    for (let s: u32 = 0; s < 16; s++) {
      const to = block + (s >> 1) * 4 * this.blockBytes + 4 * (s & 1) + row;
      store<u8>(to, load<u8>(file + s), 32);
    }
  }
}

export function matmul_q2_k(node: MatmulNode, begin: u32, end: u32): void {
  matmul<Q2_K>(node, begin, end);
}

export function embed_q2_k(node: EmbedNode, begin: u32, end: u32): void {
  embed<Q2_K>(node, begin, end);
}

export function pack_q2_k(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q2_K>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q2_k(rows: u32, cols: u32): f64 {
  return packedBytes<Q2_K>(rows, cols);
}
