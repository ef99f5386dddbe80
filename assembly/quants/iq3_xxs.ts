import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Nibbles } from '../lib/bits';
import { Bytes } from '../lib/bytes';
import { Block256Nibbles } from '../lib/grid_layout';
import { evenSigns, Grid } from '../lib/grids';
import { Half } from '../lib/half';
import { Spread } from '../lib/spread';
import { Tables } from '../lib/tables';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * IQ3_XXS: w = d * (0.5 + s) / 2 * number, from a grid of 256 rows of 4 numbers, with signs; a 4-bit scale per 32 columns.
 *
 *     file, 98 bytes:             | d f16 | 64 row numbers u8 | 8 u32: bits 0-27 signs of two rows, 7 each, bits 28-31 s |
 *     packed head:     | 16 d f32, halves |
 *     packed block:    | levels of 4 quads: nibbles | 16 scales i8, 2 * s + 1 |     lib/bits.ts draws nibbles
 */
@unmanaged
class IQ3_XXS extends Block256Nibbles {
  @inline
  get fileBytes(): u32 {
    return 98;
  }

  @inline
  get offset(): i32 {
    return 32;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Bytes.swizzle(Tables.iq3_xxs, Nibbles.of(from, g));
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const at = file + 8 * b + 4 * half;
    const signs = load<u32>(file + 4 * b, 66) >> (14 * half);
    const grid = Grid.iq3_xxs;
    const digits = Grid.fours(grid, load<u8>(at, 2), load<u8>(at, 3), load<u8>(at, 4), load<u8>(at, 5));
    return v128.or(digits, Spread.ones(evenSigns(signs, signs >> 7), 8));
  }

  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file)) / 2);
    for (let b: u32 = 0; b < 8; b++) store<u8>(tail + b * stride + row, 2 * (load<u8>(file + 4 * b, 69) >> 4) + 1);
  }
}

export function matmul_iq3_xxs(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<IQ3_XXS, Exact>(record, begin, end);
}

export function embed_iq3_xxs(record: EmbedRecord, begin: u32, end: u32): void {
  embed<IQ3_XXS>(record, begin, end);
}

export function pack_iq3_xxs(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<IQ3_XXS>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_iq3_xxs(rows: u32, cols: u32): f64 {
  return packedBytes<IQ3_XXS>(rows, cols);
}
