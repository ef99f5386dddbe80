import { embed, EmbedRecord } from '../embed';
import { Exact, Fast } from '../lib/activations';
import { Nibbles, Sixes } from '../lib/bits';
import { Half } from '../lib/half';
import { Block256Signed } from '../lib/super_layout';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul, matmulOfFew } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q6_K: w = d * scale * (level - 32), 6-bit levels, an 8-bit scale per 16 columns.
 *
 *     file, 210 bytes:             | 128 bytes of nibbles | 64 bytes of bits 4, 5 | 16 scales i8 | d f16 |
 *                                  64 bytes of nibbles and 32 of pairs serve four blocks: bits 0-3 the first 64 columns, bits 4-7
 *                                  the last; bits 2j and 2j + 1 the j-th block
 *     packed head:     | 16 d f32 |
 *     packed block:    | levels of 4 quads: sixes | 16 scales i8 of the first half | 16 of the second |     lib/bits.ts draws sixes
 */
@unmanaged
class Q6_K extends Block256Signed {
  @inline
  get fileBytes(): u32 {
    return 210;
  }

  @inline
  get levelBytes(): u32 {
    return 96;
  }

  @inline
  get offset(): i32 {
    return 32;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Sixes.of(from, g);
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const raw = v128.load(file + 64 * (b >> 2) + 32 * (b & 1) + 16 * half);
    const pairs = i16x8.shr_u(v128.load(file + 32 * (b >> 2) + 16 * half, 128), 2 * (b & 3));
    const high = i16x8.shl(v128.and(pairs, i8x16.splat(3)), 4);
    return v128.or(Nibbles.half(raw, (b >> 1) & 1), high);
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Sixes.pack(groups, to);
  }

  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file, 208)));
    for (let s: u32 = 0; s < 16; s++) {
      store<u8>(tail + (s >> 1) * stride + 16 * (s & 1) + row, load<u8>(file + s, 192));
    }
  }
}

export function matmul_q6_k(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q6_K, Exact>(record, begin, end);
}

export function matmul_q6_k_few(record: MatmulRecord, begin: u32, end: u32): void {
  matmulOfFew<Q6_K, Exact>(record, begin, end);
}

export function matmul_q6_k_fast(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q6_K, Fast>(record, begin, end);
}

export function embed_q6_k(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Q6_K>(record, begin, end);
}

export function pack_q6_k(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q6_K>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q6_k(rows: u32, cols: u32): f64 {
  return packedBytes<Q6_K>(rows, cols);
}
