import { addRows, add_product_items, AddProductRecord } from './add_product';
import { pairedBytes, PAIR_BYTES } from './lib/pairs';
import { SUMS_BYTES } from './lib/rows';
import { scratch } from './lib/scratch';
import { TOUCHED_BYTES, touchLines } from './lib/touch';
import { ITEM_ROWS } from './pack';

/**
 * The second product has few columns, so numbers of y become whole ones of 16 bits, too: for every row and token
 * sum = sum + float(level * y + next level * next y), pairs of columns ascending; the integers are exact. Then out = x + sum * (by * unit of y).
 */
export function add_product_levels16(record: AddProductRecord, begin: u32, end: u32): void {
  addLevels(record, begin, end, 0, record.nRows);
}

export function add_product_rows_levels16(record: AddProductRecord, begin: u32, end: u32): void {
  addLevels(record, 0, add_product_items(record), begin, end);
}

/** Items [begin, end) × tokens [t, tEnd). */
function addLevels(record: AddProductRecord, begin: u32, end: u32, t: u32, tEnd: u32): void {
  const bytes = pairedBytes(record.cols);
  const sums = scratch();
  const levels = sums + SUMS_BYTES;
  const levelsEnd = levels + 4 * ((record.cols + 1) / 2);
  const first = record.weights + begin * bytes;
  const last = record.weights + end * bytes;
  let ahead = first;
  let touched: u32 = 0;
  for (; t < tEnd; t++) {
    const by = f32x4.splat(record.by * levelsOf(record.y + 4 * t * record.cols, record.cols, levels));
    let w = first;
    for (let row = begin * ITEM_ROWS; w < last; row += ITEM_ROWS) {
      while (ahead < min(w + TOUCHED_BYTES, last)) {
        touched ^= touchLines(ahead, last);
        ahead += TOUCHED_BYTES;
      }
      let f0 = f32x4.splat(0);
      let f1 = f0;
      let f2 = f0;
      let f3 = f0;
      for (let y = levels; y < levelsEnd; y += 4, w += PAIR_BYTES) {
        const two = v128.load32_splat(y);
        f0 = f32x4.add(f0, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(v128.load(w), two)));
        f1 = f32x4.add(f1, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(v128.load(w, 16), two)));
        f2 = f32x4.add(f2, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(v128.load(w, 32), two)));
        f3 = f32x4.add(f3, f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(v128.load(w, 48), two)));
      }
      v128.store(sums, f32x4.mul(f0, by));
      v128.store(sums, f32x4.mul(f1, by), 16);
      v128.store(sums, f32x4.mul(f2, by), 32);
      v128.store(sums, f32x4.mul(f3, by), 48);
      addRows(record, row, t, sums);
    }
  }
  store<u32>(sums, touched);
}

/** Two products of such levels fit into 32 bits. */
const MOST: f32 = 32767;

/** Numbers that are all smaller count as zero: the reciprocal would overflow. */
const TINY: f32 = 1e-30;

/** Writes the levels of so many numbers, and a zero where they are odd; returns their unit, which is NaN or infinite where a number is. */
function levelsOf(y: usize, n: u32, to: usize): f32 {
  let most = f32x4.splat(0);
  for (let k: u32 = 0; k < n; k += 4) most = f32x4.max(most, f32x4.abs(fourOf(y + 4 * k, n - k)));
  most = f32x4.max(most, i8x16.shuffle(most, most, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  const largest: f32 = max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
  const inverse = f32x4.splat(largest < TINY ? 0 : MOST / largest);
  for (let k: u32 = 0; k < n; k += 4) {
    const whole = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(fourOf(y + 4 * k, n - k), inverse)));
    v128.store64_lane(to + 2 * k, i16x8.narrow_i32x4_s(whole, whole), 0);
  }
  return largest < TINY ? 0 : largest / MOST;
}

/** Four numbers, or those that there are and zeros. */
function fourOf(y: usize, n: u32): v128 {
  if (n >= 4) return v128.load(y);
  let four = v128.load32_zero(y);
  if (n > 1) four = v128.load32_lane(y + 4, four, 1);
  if (n > 2) four = v128.load32_lane(y + 8, four, 2);
  return four;
}
