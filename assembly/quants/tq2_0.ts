import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Half } from '../lib/half';
import { Block256Twos } from '../lib/one_scale_layout';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * TQ2_0: w = d * (level - 1), 2-bit levels, one scale per 256 columns.
 *
 *     file, 66 bytes:             | 64 bytes | d f16 |     32 bytes serve four blocks, bits 2j and 2j + 1 the j-th
 *     packed head:     | 16 d f32 |
 *     packed block:    | levels of 4 quads: twos |     lib/bits.ts draws twos
 */
@unmanaged
class TQ2_0 extends Block256Twos {
  @inline
  get fileBytes(): u32 {
    return 66;
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const raw = i16x8.shr_u(v128.load(file + 32 * (b >> 2) + 16 * half), 2 * (b & 3));
    return v128.and(raw, i8x16.splat(3));
  }

  @inline
  packScales(file: usize, head: usize, _tail: usize, row: u32, _stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file, 64)));
  }
}

export function matmul_tq2_0(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<TQ2_0, Exact>(record, begin, end);
}

export function embed_tq2_0(record: EmbedRecord, begin: u32, end: u32): void {
  embed<TQ2_0>(record, begin, end);
}

export function pack_tq2_0(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<TQ2_0>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_tq2_0(rows: u32, cols: u32): f64 {
  return packedBytes<TQ2_0>(rows, cols);
}
