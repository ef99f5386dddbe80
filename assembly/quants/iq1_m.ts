import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Twos } from '../lib/bits';
import { Bytes } from '../lib/bytes';
import { Masks } from '../lib/constants';
import { Block256Odds } from '../lib/grid_layout';
import { Grid } from '../lib/grids';
import { Half } from '../lib/half';
import { Spread } from '../lib/spread';
import { Tables } from '../lib/tables';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/** From a row's bytes in a group to the next row's, see lib/simd.ts. */
const ROW_BYTES: usize = ASC_FEATURE_RELAXED_SIMD ? 4 : 2;

/**
 * IQ1_M: w = d * (2 * s + 1) * (number + 1/8 or - 1/8), from a grid of 2048 rows of 8 numbers -1 … 1; a 3-bit scale per 16 columns, a shift per 8.
 *
 *     file, 56 bytes:             | 32 bytes: bits 0-7 of row numbers | 32 nibbles: bits 0-2 bits 8-10 of a row number, bit 3: - 1/8 |
 *                                 4 u16: bits 0-11 four s, bits 12-15 a nibble of d, the lowest first |
 *     packed head:     | 16 d f32, eighths |
 *     packed block:    | levels of 4 quads: twos, then a byte for each row, whose bit i says + 1/8 of columns 8 i … 8 i + 7 | 16 scales of both halves, s |
 *
 * A level is 8 * (number + 1) + 2 or 0. lib/bits.ts draws twos.
 */
@unmanaged
class IQ1_M extends Block256Odds {
  @inline
  get fileBytes(): u32 {
    return 56;
  }

  @inline
  get levelBytes(): u32 {
    return 36;
  }

  @inline
  get offset(): i32 {
    return 9;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    const shifts = Bytes.swizzle(v128.load32_splat(from, 32), Tables.rowBytes);
    const i = g >> 1;
    const shift = v128.and(i == 0 ? i16x8.shl(shifts, 1) : i16x8.shr_u(shifts, i - 1), Masks.byte(0x02));
    return v128.or(Twos.eights(from, g), shift);
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Twos.pack(groups, to);
    for (let row: u32 = 0; row < 4; row++) {
      const first = groups + row * ROW_BYTES;
      let shifts: u32 = 0;
      for (let i: u32 = 0; i < 4; i++) shifts |= (((<u32>load<u8>(first + 32 * i)) >> 2) & 1) << i;
      store<u8>(to + row, shifts, 32);
    }
  }

  /** Bits 0, 1 the digit of a number, bit 2: + 1/8. */
  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const at = file + 4 * b + 2 * half;
    const high: u32 = load<u8>(file + 2 * b + half, 32);
    const digits = Grid.eights(Grid.iq1, load<u8>(at) | ((high & 7) << 8), load<u8>(at, 1) | (((high >> 4) & 7) << 8));
    return v128.or(digits, Spread.ones((high & 0x08 ? 0 : 0xff) | (high & 0x80 ? 0 : 0xff00), 4));
  }

  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    let d: u32 = 0;
    for (let i: u32 = 0; i < 4; i++) d |= ((<u32>load<u16>(file + 2 * i, 48)) >> 12) << (4 * i);
    store<f32>(head + 4 * row, Half.toFloat(d) / 8);
    for (let b: u32 = 0; b < 8; b++) {
      const pair = ((<u32>load<u16>(file + 2 * (b >> 1), 48)) >> (6 * (b & 1))) & 63;
      store<u8>(tail + b * stride + row, (pair & 7) | ((pair >> 3) << 4));
    }
  }
}

export function matmul_iq1_m(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<IQ1_M, Exact>(record, begin, end);
}

export function embed_iq1_m(record: EmbedRecord, begin: u32, end: u32): void {
  embed<IQ1_M>(record, begin, end);
}

export function pack_iq1_m(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<IQ1_M>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_iq1_m(rows: u32, cols: u32): f64 {
  return packedBytes<IQ1_M>(rows, cols);
}
