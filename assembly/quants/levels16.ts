import { addProduct, AddProductRecord } from '../add_product';
import { floatTile } from '../float_matmul';
import { MatmulRecord } from '../lib/matmul_record';
import { Rows, SUMS_BYTES } from '../lib/rows';
import { scratch } from '../lib/scratch';
import { ITEM_ROWS } from '../pack';

/**
 * Products with an adapter's small matrices: whole numbers of 16 bits, whose unit is a factor elsewhere, times floats. A packed item is
 *
 *     | column 0: rows 0 … 15 | column 1: rows 0 … 15 | …     2 bytes a number
 *
 * They are half as long as floats on their way from memory, and cost as little to multiply: for every row and token
 * sum = sum + level * x, columns ascending.
 */
export function matmul_levels16(record: MatmulRecord, begin: u32, end: u32): void {
  for (let i = begin; i < end; i++) {
    const item = record.weights + i * COLUMN_BYTES * record.cols;
    if (record.nRows < 4) decode(record, i * ITEM_ROWS, item);
    else prefill(record, i * ITEM_ROWS, item);
  }
}

const COLUMN_BYTES: u32 = 2 * ITEM_ROWS;

export function packed_bytes_levels16(rows: u32, cols: u32): f64 {
  return <f64>((rows + ITEM_ROWS - 1) / ITEM_ROWS) * <f64>(COLUMN_BYTES * cols);
}

export function pack_levels16(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, _rows: u32, cols: u32): void {
  let item = dst + (rowBegin / ITEM_ROWS) * COLUMN_BYTES * cols;
  for (let row = rowBegin; row < rowEnd; row += ITEM_ROWS) {
    const nRows = min(ITEM_ROWS, rowEnd - row);
    for (let r: u32 = 0; r < ITEM_ROWS; r++) {
      let from = src + 2 * min(r, nRows - 1) * cols;
      let to = item + 2 * r;
      for (let k: u32 = 0; k < cols; k++, from += 2, to += COLUMN_BYTES) store<u16>(to, load<u16>(from));
    }
    src += 2 * nRows * cols;
    item += COLUMN_BYTES * cols;
  }
}

@unmanaged
class LevelColumn {
  get bytes(): u32 {
    return COLUMN_BYTES;
  }
  @inline four(at: usize, quad: u32): v128 {
    return four(at + 8 * quad);
  }
}

export function add_product_levels16(record: AddProductRecord, begin: u32, end: u32): void {
  addProduct<LevelColumn>(record, begin, end);
}

/** Four levels as floats. */
function four(at: usize): v128 {
  return f32x4.convert_i32x4_s(v128.load16x4_s(at));
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
      f0 = f32x4.add(f0, f32x4.mul(four(w), xk));
      f1 = f32x4.add(f1, f32x4.mul(four(w + 8), xk));
      f2 = f32x4.add(f2, f32x4.mul(four(w + 16), xk));
      f3 = f32x4.add(f3, f32x4.mul(four(w + 24), xk));
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
  for (let row = itemRow; row < end; row += 4, item += 8) {
    for (let k: u32 = 0; k < record.cols; k++) v128.store(panel + 16 * k, four(item + k * COLUMN_BYTES));
    for (let t: u32 = 0; t < record.nRows; t += 6) floatTile(record, row, t, panel);
  }
}
