import { embed, EmbedNode } from '../embed';
import { Nibbles } from '../lib/bits';
import { Half } from '../lib/half';
import { Block256, Bytes } from '../lib/layout';
import { SixBits } from '../lib/six_bits';
import { MatmulNode } from '../lib/matmul_node';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q4_K: w = d * scale * level - dmin * min, 4-bit levels, a 6-bit scale and min per 32 columns.
 *
 *     file, 144 bytes:            | d f16 | dmin f16 | 8 scales, 8 mins in 12 bytes | 128 bytes of nibbles |
 *                                 32 bytes of nibbles serve two blocks: bits 0-3 the first, bits 4-7 the second
 *     packed, 4 rows, head 32:    | 4 d f32 | 4 -dmin f32 |
 *     packed, 4 rows, block 72:   | nibbles 64 | 4 scales u8 | 4 mins u8 |    lib/bits.ts draws nibbles
 */
@unmanaged
class Q4_K extends Block256 {
  @inline
  get fileBytes(): u32 {
    return 144;
  }

  @inline
  get headBytes(): u32 {
    return 32;
  }

  @inline
  get blockBytes(): u32 {
    return 72;
  }

  @inline
  get subs(): u32 {
    return 1;
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
    return Nibbles.of(block, g);
  }

  @inline
  scale(head: usize, block: usize, _sub: u32): v128 {
    return f32x4.mul(v128.load(head), Bytes.unsigned(block, 64));
  }

  @inline
  min(head: usize, block: usize, _sub: u32): v128 {
    return f32x4.mul(v128.load(head, 16), Bytes.unsigned(block, 68));
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const raw = v128.load(file + 32 * (b >> 1) + 16 * half, 16);
    return Nibbles.half(raw, b & 1);
  }

  @inline
  packLevels(groups: usize, block: usize): void {
    Nibbles.pack(groups, block);
  }

  @inline
  packScales(file: usize, head: usize, block: usize, row: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file)));
    store<f32>(head + 4 * row, -Half.toFloat(load<u16>(file, 2)), 16);
    for (let b: u32 = 0; b < 8; b++) {
      const to = block + b * 4 * this.blockBytes + row;
      store<u8>(to, SixBits.scale(file + 4, b), 64);
      store<u8>(to, SixBits.min(file + 4, b), 68);
    }
  }
}

export function matmul_q4_k(node: MatmulNode, begin: u32, end: u32): void {
  matmul<Q4_K>(node, begin, end);
}

export function embed_q4_k(node: EmbedNode, begin: u32, end: u32): void {
  embed<Q4_K>(node, begin, end);
}

export function pack_q4_k(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q4_K>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q4_k(rows: u32, cols: u32): f64 {
  return packedBytes<Q4_K>(rows, cols);
}
