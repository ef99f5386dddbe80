import { Record } from './lib/record';
import { scratch } from './lib/scratch';
import { ITEM_ROWS } from './pack';

@unmanaged
export class AddProductRecord extends Record {
  out: usize; // [nRows, rows]
  x: usize; // [nRows, rows]
  weights: usize; // [rows, cols], packed as in float_matmul.ts or quants/levels16.ts
  y: usize; // [nRows, cols]
  rows: u32;
  cols: u32;
  by: f32;
}

/** An item is 16 rows of weights × all rows of y; those of `add_product_rows` are rows of y × all weights, like those of other ops. */
export function add_product_items(record: AddProductRecord): u32 {
  return (record.rows + ITEM_ROWS - 1) / ITEM_ROWS;
}

export function add_product_f32(record: AddProductRecord, begin: u32, end: u32): void {
  addFloats(record, begin, end, 0, record.nRows);
}

export function add_product_rows_f32(record: AddProductRecord, begin: u32, end: u32): void {
  addFloats(record, 0, add_product_items(record), begin, end);
}

/**
 * Items [begin, end) × tokens [tBegin, tEnd): sum = sum + weight * y, columns ascending; then out = x + sum * by. There are few columns: tiles
 * would not pay.
 */
function addFloats(record: AddProductRecord, begin: u32, end: u32, tBegin: u32, tEnd: u32): void {
  const sums = scratch();
  const by = f32x4.splat(record.by);
  for (let i = begin; i < end; i++) {
    const item = record.weights + i * COLUMN_BYTES * record.cols;
    for (let t = tBegin; t < tEnd; t++) {
      let y = record.y + 4 * t * record.cols;
      let w = item;
      let f0 = f32x4.splat(0);
      let f1 = f0;
      let f2 = f0;
      let f3 = f0;
      for (const last = y + 4 * record.cols; y < last; y += 4, w += COLUMN_BYTES) {
        const yk = v128.load32_splat(y);
        f0 = f32x4.add(f0, f32x4.mul(v128.load(w), yk));
        f1 = f32x4.add(f1, f32x4.mul(v128.load(w, 16), yk));
        f2 = f32x4.add(f2, f32x4.mul(v128.load(w, 32), yk));
        f3 = f32x4.add(f3, f32x4.mul(v128.load(w, 48), yk));
      }
      v128.store(sums, f32x4.mul(f0, by));
      v128.store(sums, f32x4.mul(f1, by), 16);
      v128.store(sums, f32x4.mul(f2, by), 32);
      v128.store(sums, f32x4.mul(f3, by), 48);
      addRows(record, i * ITEM_ROWS, t, sums);
    }
  }
}

const COLUMN_BYTES: u32 = 4 * ITEM_ROWS;

/** Adds 16 sums to a token's rows from `row` on, as far as there are so many. */
export function addRows(record: AddProductRecord, row: u32, t: u32, sums: usize): void {
  const n: u32 = min(ITEM_ROWS, record.rows - row);
  const at = 4 * (t * record.rows + row);
  const x = record.x + at;
  const out = record.out + at;
  let r: u32 = 0;
  for (; r + 4 <= n; r += 4) v128.store(out + 4 * r, f32x4.add(v128.load(x + 4 * r), v128.load(sums + 4 * r)));
  for (; r < n; r++) store<f32>(out + 4 * r, load<f32>(x + 4 * r) + load<f32>(sums + 4 * r));
}
