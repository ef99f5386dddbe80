import { embed, EmbedRecord } from '../embed';
import { Exact, Fast } from '../lib/activations';
import { Fives, Nibbles } from '../lib/bits';
import { Block256SixBits } from '../lib/six_bits';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q5_K: w = d * scale * level - dmin * min, 5-bit levels, a 6-bit scale and min per 32 columns.
 *
 *     file, 176 bytes:            | d f16 | dmin f16 | 8 scales, 8 mins in 12 bytes | 32 bytes: bit b belongs to block b | 128 bytes of nibbles |
 *                                 32 bytes of nibbles serve two blocks: bits 0-3 the first, bits 4-7 the second
 *     packed head:     | 16 d f32 | 16 dmin f32 |
 *     packed block:    | levels of 4 quads: fives | 16 scales u8 | 16 mins u8 |     lib/bits.ts draws fives
 */
@unmanaged
class Q5_K extends Block256SixBits {
  @inline
  get fileBytes(): u32 {
    return 176;
  }

  @inline
  get levelBytes(): u32 {
    return 80;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Fives.of(from, g);
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const raw = v128.load(file + 32 * (b >> 1) + 16 * half, 48);
    const fifth = v128.and(i16x8.shr_u(v128.load(file + 16 * half, 16), b), i8x16.splat(1));
    return v128.or(Nibbles.half(raw, b & 1), i16x8.shl(fifth, 4));
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Fives.pack(groups, to);
  }
}

export function matmul_q5_k(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q5_K, Exact>(record, begin, end);
}

export function matmul_q5_k_fast(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q5_K, Fast>(record, begin, end);
}

export function embed_q5_k(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Q5_K>(record, begin, end);
}

export function pack_q5_k(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q5_K>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q5_k(rows: u32, cols: u32): f64 {
  return packedBytes<Q5_K>(rows, cols);
}
