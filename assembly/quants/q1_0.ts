import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Half } from '../lib/half';
import { Block128Ones } from '../lib/one_scale_layout';
import { MatmulRecord } from '../lib/matmul_record';
import { Spread } from '../lib/spread';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';
import { quantize, QuantizeRecord } from '../quantize_activations';

/**
 * Q1_0: w = scale or -scale, one scale per 128 columns. Stored levels are 0 and 2, true ones -1 and 1.
 *
 *     file, 18 bytes:             | scale f16 | 16 bytes: bit i of byte j is k 8 j + i |
 *     packed head:     | 16 scales f32 |
 *     packed block:    | levels of 4 quads: ones |     lib/bits.ts draws ones
 */
@unmanaged
class Q1_0 extends Block128Ones {
  @inline
  get fileBytes(): u32 {
    return 18;
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    return Spread.ones(load<u16>(file + 4 * b + 2 * half, 2), 2);
  }

  @inline
  packScales(file: usize, head: usize, _tail: usize, row: u32, _stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file)));
  }
}

/** Activations with 128 columns to a scale, which only these weights want. */
export function quantize_activations_128(record: QuantizeRecord, begin: u32, end: u32): void {
  quantize<Block128Ones, Exact>(record, begin, end);
}

export function matmul_q1_0(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q1_0, Exact>(record, begin, end);
}

export function embed_q1_0(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Q1_0>(record, begin, end);
}

export function pack_q1_0(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q1_0>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q1_0(rows: u32, cols: u32): f64 {
  return packedBytes<Q1_0>(rows, cols);
}
