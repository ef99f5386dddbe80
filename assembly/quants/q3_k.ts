import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Threes } from '../lib/bits';
import { Half } from '../lib/half';
import { Block256Signed } from '../lib/super_layout';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q3_K: w = d * (scale - 32) * (level - 4), 3-bit levels, a 6-bit scale per 16 columns.
 *
 *     file, 110 bytes:            | 32 bytes: bit b is bit 2 of block b | 64 bytes of bits 0, 1 | 16 scales in 12 bytes | d f16 |
 *                                 32 bytes of bits 0, 1 serve four blocks, bits 2j and 2j + 1 the j-th
 *     packed head:     | 16 d f32 |
 *     packed block:    | levels of 4 quads: threes | 16 scales i8 of the first half | 16 of the second |     lib/bits.ts draws threes
 */
@unmanaged
class Q3_K extends Block256Signed {
  @inline
  get fileBytes(): u32 {
    return 110;
  }

  @inline
  get levelBytes(): u32 {
    return 48;
  }

  @inline
  get offset(): i32 {
    return 4;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Threes.of(from, g);
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const raw = i16x8.shr_u(v128.load(file + 32 * (b >> 2) + 16 * half, 32), 2 * (b & 3));
    const third = v128.and(i16x8.shr_u(v128.load(file + 16 * half), b), i8x16.splat(1));
    return v128.or(v128.and(raw, i8x16.splat(3)), i16x8.shl(third, 2));
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Threes.pack(groups, to);
  }

  /** Scale s: bits 0-3 in a nibble of byte s & 7, bits 4-5 in a pair of byte 8 + (s & 3). */
  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file, 108)));
    for (let s: u32 = 0; s < 16; s++) {
      const low = ((<u32>load<u8>(file + (s & 7), 96)) >> (4 * (s >> 3))) & 15;
      const high = ((<u32>load<u8>(file + (s & 3), 104)) >> (2 * (s >> 2))) & 3;
      store<i8>(tail + (s >> 1) * stride + 16 * (s & 1) + row, <i8>(low | (high << 4)) - 32);
    }
  }
}

export function matmul_q3_k(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q3_K, Exact>(record, begin, end);
}

export function embed_q3_k(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Q3_K>(record, begin, end);
}

export function pack_q3_k(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q3_K>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q3_k(rows: u32, cols: u32): f64 {
  return packedBytes<Q3_K>(rows, cols);
}
