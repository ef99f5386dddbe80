import { EmbedRecord } from './embed';
import { MatmulRecord } from './lib/matmul_record';
import { Rows, SUMS_BYTES } from './lib/rows';
import { scratch } from './lib/scratch';
import { ITEM_ROWS } from './pack';

/**
 * Matrix products with float32 weights. A packed item is
 *
 *     | column 0: rows 0 … 15 | column 1: rows 0 … 15 | …
 *
 * For every row and token sum = sum + weight * x, columns ascending.
 */
export function floatMatmul(record: MatmulRecord, begin: u32, end: u32): void {
  for (let i = begin; i < end; i++) {
    const item = record.weights + i * itemBytes(record.cols);
    if (record.nRows < 4) decode(record, i * ITEM_ROWS, item);
    else prefill(record, i * ITEM_ROWS, item);
  }
}

export function itemBytes(cols: u32): u32 {
  return COLUMN_BYTES * cols;
}

const COLUMN_BYTES: u32 = 4 * ITEM_ROWS;

export function floatPackedBytes(rows: u32, cols: u32): f64 {
  return <f64>((rows + ITEM_ROWS - 1) / ITEM_ROWS) * <f64>itemBytes(cols);
}

/** Like `pack` for quantised types. */
export function floatPack(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, _rows: u32, cols: u32): void {
  let item = dst + (rowBegin / ITEM_ROWS) * itemBytes(cols);
  for (let row = rowBegin; row < rowEnd; row += ITEM_ROWS) {
    const nRows = min(ITEM_ROWS, rowEnd - row);
    for (let r: u32 = 0; r < ITEM_ROWS; r++) {
      let from = src + 4 * min(r, nRows - 1) * cols;
      let to = item + 4 * r;
      for (let k: u32 = 0; k < cols; k++, from += 4, to += COLUMN_BYTES) store<u32>(to, load<u32>(from));
    }
    src += 4 * nRows * cols;
    item += itemBytes(cols);
  }
}

export function floatEmbed(record: EmbedRecord, begin: u32, end: u32): void {
  for (let t = begin; t < end; t++) {
    const token = load<u32>(record.step.tokens + 4 * t);
    let weight = record.weights + (token / ITEM_ROWS) * itemBytes(record.cols) + 4 * (token % ITEM_ROWS);
    let out = record.out + 4 * t * record.cols;
    for (const last = out + 4 * record.cols; out < last; out += 4, weight += COLUMN_BYTES) {
      store<u32>(out, load<u32>(weight));
    }
  }
}

/** 16 rows × one token at a time. */
function decode(record: MatmulRecord, row: u32, item: usize): void {
  const sums = scratch();
  for (let t: u32 = 0; t < record.nRows; t++) {
    let x = record.x + 4 * t * record.cols;
    let w = item;
    let f0 = f32x4.splat(0);
    let f1 = f0;
    let f2 = f0;
    let f3 = f0;
    for (const end = x + 4 * record.cols; x < end; x += 4, w += COLUMN_BYTES) {
      const xk = v128.load32_splat(x);
      f0 = f32x4.add(f0, f32x4.mul(v128.load(w), xk));
      f1 = f32x4.add(f1, f32x4.mul(v128.load(w, 16), xk));
      f2 = f32x4.add(f2, f32x4.mul(v128.load(w, 32), xk));
      f3 = f32x4.add(f3, f32x4.mul(v128.load(w, 48), xk));
    }
    v128.store(sums, f0);
    v128.store(sums, f1, 16);
    v128.store(sums, f2, 32);
    v128.store(sums, f3, 48);
    Rows.store(record, row, t, 1, 4);
  }
}

function prefill(record: MatmulRecord, itemRow: u32, item: usize): void {
  const panel = scratch() + SUMS_BYTES;
  const end = min(itemRow + ITEM_ROWS, record.rows);
  for (let row = itemRow; row < end; row += 4, item += 16) {
    for (let k: u32 = 0; k < record.cols; k++) v128.store(panel + 16 * k, v128.load(item + k * COLUMN_BYTES));
    for (let t: u32 = 0; t < record.nRows; t += 6) floatTile(record, row, t, panel);
  }
}

/** Four rows × six tokens. The last token stands in for missing ones, whose results are not stored. */
export function floatTile(record: MatmulRecord, row: u32, t: u32, panel: usize): void {
  const xBytes = 4 * record.cols;
  const last = record.x + (record.nRows - 1) * xBytes;
  let x0 = record.x + t * xBytes;
  const x1 = min(x0 + xBytes, last) - x0;
  const x2 = min(x0 + 2 * xBytes, last) - x0;
  const x3 = min(x0 + 3 * xBytes, last) - x0;
  const x4 = min(x0 + 4 * xBytes, last) - x0;
  const x5 = min(x0 + 5 * xBytes, last) - x0;
  let f0 = f32x4.splat(0);
  let f1 = f0;
  let f2 = f0;
  let f3 = f0;
  let f4 = f0;
  let f5 = f0;
  for (const end = x0 + xBytes; x0 < end; x0 += 4, panel += 16) {
    const w = v128.load(panel);
    f0 = f32x4.add(f0, f32x4.mul(w, v128.load32_splat(x0)));
    f1 = f32x4.add(f1, f32x4.mul(w, v128.load32_splat(x0 + x1)));
    f2 = f32x4.add(f2, f32x4.mul(w, v128.load32_splat(x0 + x2)));
    f3 = f32x4.add(f3, f32x4.mul(w, v128.load32_splat(x0 + x3)));
    f4 = f32x4.add(f4, f32x4.mul(w, v128.load32_splat(x0 + x4)));
    f5 = f32x4.add(f5, f32x4.mul(w, v128.load32_splat(x0 + x5)));
  }
  const sums = scratch();
  v128.store(sums, f0);
  v128.store(sums, f1, 16);
  v128.store(sums, f2, 32);
  v128.store(sums, f3, 48);
  v128.store(sums, f4, 64);
  v128.store(sums, f5, 80);
  Rows.store(record, row, t, min(record.nRows - t, 6), 1);
}
