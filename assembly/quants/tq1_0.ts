import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Half } from '../lib/half';
import { Block256Twos } from '../lib/one_scale_layout';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * TQ1_0: w = d * (level - 1), levels 0 … 2, one scale per 256 columns.
 *
 *     file, 54 bytes:             | 48 bytes of 5 digits | 4 bytes of 4 digits | d f16 |     src/quants/tq1_0.ts draws digits
 *     packed head:     | 16 d f32 |
 *     packed block:    | levels of 4 quads: twos |     lib/bits.ts draws twos
 */
@unmanaged
class TQ1_0 extends Block256Twos {
  @inline
  get fileBytes(): u32 {
    return 54;
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    if (b < 5) return digits(v128.load(file + 16 * half), power(b), power(b));
    const n = 2 * (b - 5) + half;
    if (n < 5) return digits(v128.load(file, 32), power(n), power(n));
    const four = v128.load32_splat(file, 48);
    return digits(four, i16x8(1, 1, 1, 1, 3, 3, 3, 3), i16x8(9, 9, 9, 9, 27, 27, 27, 27));
  }

  @inline
  packScales(file: usize, head: usize, _tail: usize, row: u32, _stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file, 52)));
  }
}

/** 3^n eight times. */
function power(n: u32): v128 {
  let three: i16 = 1;
  for (let i: u32 = 0; i < n; i++) three *= 3;
  return i16x8.splat(three);
}

/** Of 16 bytes the digit that multiplying by a power of 3 moves to the front. */
function digits(bytes: v128, low: v128, high: v128): v128 {
  const a = digit(i16x8.mul(i16x8.extend_low_i8x16_u(bytes), low));
  const b = digit(i16x8.mul(i16x8.extend_high_i8x16_u(bytes), high));
  return i8x16.narrow_i16x8_u(a, b);
}

function digit(fractions: v128): v128 {
  const fraction = v128.and(fractions, i16x8.splat(255));
  return i16x8.shr_u(i16x8.mul(fraction, i16x8.splat(3)), 8);
}

export function matmul_tq1_0(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<TQ1_0, Exact>(record, begin, end);
}

export function embed_tq1_0(record: EmbedRecord, begin: u32, end: u32): void {
  embed<TQ1_0>(record, begin, end);
}

export function pack_tq1_0(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<TQ1_0>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_tq1_0(rows: u32, cols: u32): f64 {
  return packedBytes<TQ1_0>(rows, cols);
}
