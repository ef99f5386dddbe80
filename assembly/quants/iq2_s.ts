import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Block256Threes } from '../lib/grid_layout';
import { Grid } from '../lib/grids';
import { Half } from '../lib/half';
import { Spread } from '../lib/spread';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * IQ2_S: w = d * (0.5 + s) / 4 * number, from a grid of 1024 rows of 8 numbers, with signs; a 4-bit scale per 16 columns.
 *
 *     file, 82 bytes:             | d f16 | 32 bytes: bits 0-7 of row numbers | 32 bytes of signs | 8 bytes: bits 8, 9 of a block's four row numbers |
 *                                 8 bytes: bits 0-3 s of a block's first half, bits 4-7 of its second |
 *     packed head:     | 16 d f32, eighths |
 *     packed block:    | levels of 4 quads: threes | 16 scales of both halves, s |     lib/bits.ts draws threes
 */
@unmanaged
class IQ2_S extends Block256Threes {
  @inline
  get fileBytes(): u32 {
    return 82;
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const at = file + 4 * b + 2 * half;
    const high = (<u32>load<u8>(file + b, 66)) >> (4 * half);
    const digits = Grid.eights(Grid.iq2_s, row(at, high), row(at + 1, high >> 2));
    return v128.or(digits, Spread.ones(load<u16>(at, 34), 4));
  }

  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file)) / 8);
    for (let b: u32 = 0; b < 8; b++) store<u8>(tail + b * stride + row, load<u8>(file + b, 74));
  }
}

/** A row's number: bits 0-7 of it at `at`, bits 8 and 9 the lowest of `high`. */
function row(at: usize, high: u32): u32 {
  return load<u8>(at, 2) | ((high & 3) << 8);
}

export function matmul_iq2_s(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Block256Threes, Exact>(record, begin, end);
}

export function embed_iq2_s(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Block256Threes>(record, begin, end);
}

export function pack_iq2_s(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<IQ2_S>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_iq2_s(rows: u32, cols: u32): f64 {
  return packedBytes<Block256Threes>(rows, cols);
}
