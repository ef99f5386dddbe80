import { floatTile } from '../float_matmul';
import { pairedBytes, PAIR_BYTES } from '../lib/pairs';
import { MatmulRecord } from '../lib/matmul_record';
import { Rows, SUMS_BYTES } from '../lib/rows';
import { scratch } from '../lib/scratch';
import { TOUCHED_BYTES, touchLines } from '../lib/touch';
import { ITEM_ROWS } from '../pack';

/**
 * Products with an adapter's small matrices: whole numbers of 16 bits, whose unit is a factor elsewhere, times floats. A packed item is
 *
 *     | columns 0 and 1: both of row 0, both of row 1, … row 15 | columns 2 and 3 … |     2 bytes a number; a last column of zeros makes the count even
 *
 * They are half as long as floats on their way from memory. The first product of an adapter takes floats as they are: for every row and token
 * sum = sum + level * x, columns ascending.
 */
export function matmul_levels16(record: MatmulRecord, begin: u32, end: u32): void {
  const bytes = pairedBytes(record.cols);
  for (let i = begin; i < end; i++) {
    const item = record.weights + i * bytes;
    if (record.nRows < 4) decode(record, i * ITEM_ROWS, item);
    else prefill(record, i * ITEM_ROWS, item);
  }
}

export function packed_bytes_levels16(rows: u32, cols: u32): f64 {
  return <f64>((rows + ITEM_ROWS - 1) / ITEM_ROWS) * <f64>pairedBytes(cols);
}

export function pack_levels16(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, _rows: u32, cols: u32): void {
  const bytes = pairedBytes(cols);
  let item = dst + (rowBegin / ITEM_ROWS) * bytes;
  for (let row = rowBegin; row < rowEnd; row += ITEM_ROWS) {
    const nRows = min(ITEM_ROWS, rowEnd - row);
    if (cols & 1) memory.fill(item + bytes - PAIR_BYTES, 0, PAIR_BYTES);
    for (let r: u32 = 0; r < ITEM_ROWS; r++) {
      let from = src + 2 * min(r, nRows - 1) * cols;
      const to = item + 4 * r;
      for (let k: u32 = 0; k < cols; k++, from += 2)
        store<u16>(to + (k >> 1) * PAIR_BYTES + 2 * (k & 1), load<u16>(from));
    }
    src += 2 * nRows * cols;
    item += bytes;
  }
}

/** The first and the second column of four rows' pairs, as floats. */
function even(pairs: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(pairs, i32x4.splat(1)));
}
function odd(pairs: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_s(pairs, 16));
}

/** 16 rows × one token at a time. */
function decode(record: MatmulRecord, row: u32, item: usize): void {
  const sums = scratch();
  const last = item + pairedBytes(record.cols);
  let touched = touchLines(item, last);
  for (let t: u32 = 0; t < record.nRows; t++) {
    let x = record.x + 4 * t * record.cols;
    let f0 = f32x4.splat(0);
    let f1 = f0;
    let f2 = f0;
    let f3 = f0;
    for (let w = item; w < last;) {
      const stop = min(w + TOUCHED_BYTES, last);
      touched ^= touchLines(stop, last);
      for (; w < stop; w += PAIR_BYTES, x += 8) {
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const w2 = v128.load(w, 32);
        const w3 = v128.load(w, 48);
        const x0 = v128.load32_splat(x);
        f0 = f32x4.add(f0, f32x4.mul(even(w0), x0));
        f1 = f32x4.add(f1, f32x4.mul(even(w1), x0));
        f2 = f32x4.add(f2, f32x4.mul(even(w2), x0));
        f3 = f32x4.add(f3, f32x4.mul(even(w3), x0));
        const x1 = v128.load32_splat(x, 4);
        f0 = f32x4.add(f0, f32x4.mul(odd(w0), x1));
        f1 = f32x4.add(f1, f32x4.mul(odd(w1), x1));
        f2 = f32x4.add(f2, f32x4.mul(odd(w2), x1));
        f3 = f32x4.add(f3, f32x4.mul(odd(w3), x1));
      }
    }
    v128.store(sums, f0);
    v128.store(sums, f1, 16);
    v128.store(sums, f2, 32);
    v128.store(sums, f3, 48);
    Rows.store(record, row, t, 1, 4);
  }
  store<u32>(sums, touched);
}

function prefill(record: MatmulRecord, itemRow: u32, item: usize): void {
  const panel = scratch() + SUMS_BYTES;
  const end = min(itemRow + ITEM_ROWS, record.rows);
  for (let row = itemRow; row < end; row += 4, item += 16) {
    for (let k: u32 = 0; k < record.cols; k += 2) {
      const pairs = v128.load(item + (k >> 1) * PAIR_BYTES);
      v128.store(panel + 16 * k, even(pairs));
      v128.store(panel + 16 * k, odd(pairs), 16);
    }
    for (let t: u32 = 0; t < record.nRows; t += 6) floatTile(record, row, t, panel);
  }
}
