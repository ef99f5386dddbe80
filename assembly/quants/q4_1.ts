import { embed, EmbedRecord } from '../embed';
import { Exact, Fast } from '../lib/activations';
import { Nibbles } from '../lib/bits';
import { Block32WithMins } from '../lib/layout';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q4_1: w = scale * level + min, 4-bit levels, one scale and min per 32 columns.
 *
 *     file, 20 bytes:             | scale f16 | min f16 | 16 bytes: bits 0-3 are k 0 … 15, bits 4-7 are k 16 … 31 |
 *     packed block:    | levels of 4 quads: nibbles | 16 scales f16 | 16 mins f16 |     lib/bits.ts draws nibbles
 */
@unmanaged
class Q4_1 extends Block32WithMins {
  @inline
  get fileBytes(): u32 {
    return 20;
  }

  @inline
  get levelBytes(): u32 {
    return 64;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Nibbles.of(from, g);
  }

  @inline
  get nibblesAt(): usize {
    return 4;
  }
}

export function matmul_q4_1(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q4_1, Exact>(record, begin, end);
}

export function matmul_q4_1_fast(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q4_1, Fast>(record, begin, end);
}

export function embed_q4_1(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Q4_1>(record, begin, end);
}

export function pack_q4_1(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q4_1>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q4_1(rows: u32, cols: u32): f64 {
  return packedBytes<Q4_1>(rows, cols);
}
