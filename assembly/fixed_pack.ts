import { fixedItemBytes } from './fixed_matmul';
import { FixedBlock } from './lib/fixed_block';
import { scratch } from './lib/scratch';
import { ITEM_ROWS } from './pack';

export function fixedPackedBytes(rows: u32, cols: u32): f64 {
  return <f64>((rows + ITEM_ROWS - 1) / ITEM_ROWS) * <f64>fixedItemBytes(cols);
}

/**
 * Like `pack` for quantised types. A type Q of 16-bit floats has `load4`, which gives four of them as float32, and `part4`,
 * which gives them without a `factor`. `finite` tells which rows are finite, by the sum and the largest of their magnitudes
 * in these parts.
 */
export function fixedPack<Q>(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  let block = dst + (rowBegin / ITEM_ROWS) * fixedItemBytes(cols);
  const rowBytes = 2 * cols;
  for (let row = rowBegin; row < rowEnd; row += ITEM_ROWS) {
    for (let k: u32 = 0; k < cols; k += 32, block += FixedBlock.bytes) {
      for (let r: u32 = 0; r < ITEM_ROWS; r += 4) {
        const begin = src + 2 * k - rowBegin * rowBytes;
        let f0 = begin + min(row + r, rows - 1) * rowBytes;
        let f1 = begin + min(row + r + 1, rows - 1) * rowBytes;
        let f2 = begin + min(row + r + 2, rows - 1) * rowBytes;
        let f3 = begin + min(row + r + 3, rows - 1) * rowBytes;
        if (cols - k < 32) {
          f0 = padded(f0, 0, cols - k);
          f1 = padded(f1, 1, cols - k);
          f2 = padded(f2, 2, cols - k);
          f3 = padded(f3, 3, cols - k);
        }
        const levels = block + (r >> 3) * FixedBlock.octet + 16 * ((r >> 2) & 1);
        packQuad<Q>(levels, block + FixedBlock.scales + 2 * r, f0, f1, f2, f3);
      }
    }
  }
}

/** The last columns of a row, with zeros behind them; scratch memory holds four such rows. */
function padded(from: usize, i: u32, nCols: u32): usize {
  const to = scratch() + 64 * i;
  memory.fill(to, 0, 64);
  memory.copy(to, from, 2 * nCols);
  return to;
}

/** 32 columns of four rows → levels, 32 bytes from one pair of columns to the next, and four scales. */
function packQuad<Q>(to: usize, scales: usize, f0: usize, f1: usize, f2: usize, f3: usize): void {
  const bits = scaleBits<Q>(f0, f1, f2, f3);
  v128.store64_lane(scales, i16x8.narrow_i32x4_u(i32x4.shr_u(bits, 16), bits), 0);
  const inverse = i32x4.sub(i32x4.splat(0x7f000000), bits); // exponents of a power of two and its inverse: 254 in sum
  const v0 = v128.shuffle<i32>(inverse, inverse, 0, 0, 0, 0);
  const v1 = v128.shuffle<i32>(inverse, inverse, 1, 1, 1, 1);
  const v2 = v128.shuffle<i32>(inverse, inverse, 2, 2, 2, 2);
  const v3 = v128.shuffle<i32>(inverse, inverse, 3, 3, 3, 3);
  for (let at: usize = 0; at < 64; at += 16, to += 128) {
    const r0 = levels<Q>(f0 + at, v0);
    const r1 = levels<Q>(f1 + at, v1);
    const r2 = levels<Q>(f2 + at, v2);
    const r3 = levels<Q>(f3 + at, v3);
    const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5); // pair 0 of rows 0 1, pair 1 of rows 0 1
    const b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
    const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
    const d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(a, b, 0, 2));
    v128.store(to, v128.shuffle<i64>(a, b, 1, 3), 32);
    v128.store(to, v128.shuffle<i64>(c, d, 0, 2), 64);
    v128.store(to, v128.shuffle<i64>(c, d, 1, 3), 96);
  }
}

/** The scales of 32 weights each of four rows, as float32 bits: 0 where all are zero, never subnormal. */
function scaleBits<Q>(f0: usize, f1: usize, f2: usize, f3: usize): v128 {
  const q = changetype<Q>(0);
  let s0 = f32x4.splat(0); // four sums of a row
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let m0 = s0; // four maxima of a row
  let m1 = s0;
  let m2 = s0;
  let m3 = s0;
  for (let at: usize = 0; at < 64; at += 8) {
    const x0 = f32x4.abs(q.part4(f0 + at));
    s0 = f32x4.add(s0, x0);
    m0 = f32x4.pmax(m0, x0); // a NaN shows in the sum
    const x1 = f32x4.abs(q.part4(f1 + at));
    s1 = f32x4.add(s1, x1);
    m1 = f32x4.pmax(m1, x1);
    const x2 = f32x4.abs(q.part4(f2 + at));
    s2 = f32x4.add(s2, x2);
    m2 = f32x4.pmax(m2, x2);
    const x3 = f32x4.abs(q.part4(f3 + at));
    s3 = f32x4.add(s3, x3);
    m3 = f32x4.pmax(m3, x3);
  }
  // a row's four lanes → one lane for each row
  const s01 = f32x4.add(v128.shuffle<i32>(s0, s1, 0, 4, 1, 5), v128.shuffle<i32>(s0, s1, 2, 6, 3, 7));
  const s23 = f32x4.add(v128.shuffle<i32>(s2, s3, 0, 4, 1, 5), v128.shuffle<i32>(s2, s3, 2, 6, 3, 7));
  const m01 = f32x4.pmax(v128.shuffle<i32>(m0, m1, 0, 4, 1, 5), v128.shuffle<i32>(m0, m1, 2, 6, 3, 7));
  const m23 = f32x4.pmax(v128.shuffle<i32>(m2, m3, 0, 4, 1, 5), v128.shuffle<i32>(m2, m3, 2, 6, 3, 7));
  const sum = f32x4.add(v128.shuffle<i64>(s01, s23, 0, 2), v128.shuffle<i64>(s01, s23, 1, 3));
  const max = f32x4.pmax(v128.shuffle<i64>(m01, m23, 0, 2), v128.shuffle<i64>(m01, m23, 1, 3));
  const bySum = f32x4.mul(sum, f32x4.splat(q.factor / FixedBlock.largestSum));
  const byMax = f32x4.mul(max, f32x4.splat(q.factor / FixedBlock.largestLevel));
  const least = f32x4.pmax(byMax, bySum);
  // rounded up to a power of two
  const bits = v128.and(i32x4.add(least, i32x4.splat(0x7fffff)), i32x4.splat(0x7f800000));
  return v128.bitselect(bits, i32x4.splat(0x7fc00000), q.finite(sum, max));
}

/** Eight weights → levels, rounded to nearest, ties to even: 1.5 * 2^23 is a float whose last bit counts one. */
function levels<Q>(from: usize, inverse: v128): v128 {
  const q = changetype<Q>(0);
  const magic: f32 = 12582912;
  const a = f32x4.add(f32x4.mul(q.load4(from), inverse), f32x4.splat(magic));
  const b = f32x4.add(f32x4.mul(q.load4(from + 8), inverse), f32x4.splat(magic));
  const base = i32x4.splat(reinterpret<i32>(magic));
  return i16x8.narrow_i32x4_s(i32x4.sub(a, base), i32x4.sub(b, base));
}
