import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Threes } from '../lib/bits';
import { Bytes } from '../lib/bytes';
import { evenSigns, Grid } from '../lib/grids';
import { Half } from '../lib/half';
import { Spread } from '../lib/spread';
import { Block256Whole } from '../lib/super_layout';
import { Tables } from '../lib/tables';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * IQ2_XXS: w = d * (0.5 + s) / 4 * number, from a grid of 256 rows of 8 numbers, with signs; a 4-bit scale per 32 columns.
 *
 *     file, 66 bytes:             | d f16 | 8 blocks: 4 row numbers u8, then u32: bits 0-27 signs of the rows, 7 each, bits 28-31 s |
 *     packed head:     | 16 d f32, eighths |
 *     packed block:    | levels of 4 quads: threes | 16 scales i8, 2 * s + 1 |     lib/bits.ts draws threes
 */
@unmanaged
class IQ2_XXS extends Block256Whole {
  @inline
  get fileBytes(): u32 {
    return 66;
  }

  @inline
  get levelBytes(): u32 {
    return 48;
  }

  @inline
  get offset(): i32 {
    return 64;
  }

  @inline
  get splits(): bool {
    return false;
  }

  @inline
  get isWide(): bool {
    return true;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Bytes.swizzle(Tables.iq2, Threes.of(from, g));
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Threes.pack(groups, to);
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const at = file + 8 * b;
    const signs = load<u32>(at, 6) >> (14 * half);
    const digits = Grid.eights(Grid.iq2_xxs, load<u8>(at + 2 * half, 2), load<u8>(at + 2 * half, 3));
    return v128.or(digits, Spread.ones(evenSigns(signs, signs >> 7), 4));
  }

  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file)) / 8);
    for (let b: u32 = 0; b < 8; b++) store<u8>(tail + b * stride + row, 2 * (load<u8>(file + 8 * b, 9) >> 4) + 1);
  }
}

export function matmul_iq2_xxs(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<IQ2_XXS, Exact>(record, begin, end);
}

export function embed_iq2_xxs(record: EmbedRecord, begin: u32, end: u32): void {
  embed<IQ2_XXS>(record, begin, end);
}

export function pack_iq2_xxs(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<IQ2_XXS>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_iq2_xxs(rows: u32, cols: u32): f64 {
  return packedBytes<IQ2_XXS>(rows, cols);
}
