import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Nibbles } from '../lib/bits';
import { Bytes } from '../lib/bytes';
import { Block256Nibbles } from '../lib/grid_layout';
import { Grid } from '../lib/grids';
import { Half } from '../lib/half';
import { Spread } from '../lib/spread';
import { Tables } from '../lib/tables';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * IQ3_S: w = d * (2 * s + 1) * number, from a grid of 512 rows of 4 numbers, with signs; a 4-bit scale per 32 columns.
 *
 *     file, 110 bytes:            | d f16 | 64 bytes: bits 0-7 of row numbers | 8 bytes: bit 8 of a block's eight row numbers | 32 bytes of signs |
 *                                 4 bytes: bits 0-3 s of a block, bits 4-7 of the next |
 *     packed head:     | 16 d f32 |
 *     packed block:    | levels of 4 quads: nibbles | 16 scales i8, 2 * s + 1 |     lib/bits.ts draws nibbles
 */
@unmanaged
class IQ3_S extends Block256Nibbles {
  @inline
  get fileBytes(): u32 {
    return 110;
  }

  @inline
  get offset(): i32 {
    return 16;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Bytes.swizzle(Tables.iq3_s, Nibbles.of(from, g));
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const at = file + 8 * b + 4 * half;
    const high = (<u32>load<u8>(file + b, 66)) >> (4 * half);
    const digits = Grid.fours(
      Grid.iq3_s,
      row(at, high),
      row(at + 1, high >> 1),
      row(at + 2, high >> 2),
      row(at + 3, high >> 3),
    );
    return v128.or(digits, Spread.ones(load<u16>(file + 4 * b + 2 * half, 74), 8));
  }

  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file)));
    for (let b: u32 = 0; b < 8; b++) {
      const s = ((<u32>load<u8>(file + (b >> 1), 106)) >> (4 * (b & 1))) & 15;
      store<u8>(tail + b * stride + row, <u8>(2 * s + 1));
    }
  }
}

/** A row's number: bits 0-7 of it at `at`, bit 8 the lowest of `high`. */
function row(at: usize, high: u32): u32 {
  return load<u8>(at, 2) | ((high & 1) << 8);
}

export function matmul_iq3_s(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<IQ3_S, Exact>(record, begin, end);
}

export function embed_iq3_s(record: EmbedRecord, begin: u32, end: u32): void {
  embed<IQ3_S>(record, begin, end);
}

export function pack_iq3_s(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<IQ3_S>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_iq3_s(rows: u32, cols: u32): f64 {
  return packedBytes<IQ3_S>(rows, cols);
}
