import { embed, EmbedRecord } from '../embed';
import { Exact, Fast } from '../lib/activations';
import { Nibbles } from '../lib/bits';
import { Block32 } from '../lib/layout';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul, matmulOfFew } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q4_0: w = scale * (level - 8), 4-bit levels, one scale per 32 columns.
 *
 *     file, 18 bytes:             | scale f16 | 16 bytes: bits 0-3 are k 0 … 15, bits 4-7 are k 16 … 31 |
 *     packed block:    | levels of 4 quads: nibbles | 16 scales f16 |     lib/bits.ts draws nibbles
 */
@unmanaged
class Q4_0 extends Block32 {
  @inline
  get fileBytes(): u32 {
    return 18;
  }

  @inline
  get levelBytes(): u32 {
    return 64;
  }

  @inline
  get offset(): i32 {
    return 8;
  }

  @inline
  get splits(): bool {
    return false;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Nibbles.of(from, g);
  }

  @inline
  get nibblesAt(): usize {
    return 2;
  }
}

export function matmul_q4_0(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q4_0, Exact>(record, begin, end);
}

export function matmul_q4_0_few(record: MatmulRecord, begin: u32, end: u32): void {
  matmulOfFew<Q4_0, Exact>(record, begin, end);
}

export function matmul_q4_0_fast(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q4_0, Fast>(record, begin, end);
}

export function embed_q4_0(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Q4_0>(record, begin, end);
}

export function pack_q4_0(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q4_0>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q4_0(rows: u32, cols: u32): f64 {
  return packedBytes<Q4_0>(rows, cols);
}
