import { EmbedNode } from './embed';
import { MatmulNode } from './lib/matmul_node';
import { Rows } from './lib/rows';
import { scratch } from './lib/scratch';
import { ITEM_ROWS } from './pack';

/** Matrix products with float weights (lib/float_types.ts). For every row and token sum = sum + weight * x, columns ascending. */
export function floatMatmul<Q>(node: MatmulNode, begin: u32, end: u32): void {
  const q = changetype<Q>(0);
  for (let i = begin; i < end; i++) {
    const item = node.weights + i * itemBytes<Q>(node.cols);
    const columns = item + q.headBytes;
    const row = i * ITEM_ROWS;
    if (node.nRows < 4) decode<Q>(node, row, item, columns);
    else prefill<Q>(node, row, item, columns);
  }
}

export function itemBytes<Q>(cols: u32): u32 {
  const q = changetype<Q>(0);
  return q.headBytes + ITEM_ROWS * cols * q.bytes;
}

export function floatPackedBytes<Q>(rows: u32, cols: u32): f64 {
  return <f64>((rows + ITEM_ROWS - 1) / ITEM_ROWS) * <f64>itemBytes<Q>(cols);
}

/** As `pack` for quantised types. */
export function floatPack<Q>(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  const q = changetype<Q>(0);
  let item = dst + (rowBegin / ITEM_ROWS) * itemBytes<Q>(cols);
  for (let row = rowBegin; row < rowEnd; row += ITEM_ROWS) {
    const nRows = min(ITEM_ROWS, rowEnd - row);
    q.head(item, src, nRows * cols);
    const factor = q.factor(item);
    for (let r: u32 = 0; r < ITEM_ROWS; r++) {
      let from = src + min(r, nRows - 1) * cols * q.bytes;
      let to = item + q.headBytes + r * q.bytes;
      for (let k: u32 = 0; k < cols; k++, from += q.bytes, to += ITEM_ROWS * q.bytes) q.encode(factor, from, to);
    }
    src += nRows * cols * q.bytes;
    item += itemBytes<Q>(cols);
  }
}

export function floatEmbed<Q>(node: EmbedNode, begin: u32, end: u32): void {
  const q = changetype<Q>(0);
  for (let t = begin; t < end; t++) {
    const token = load<u32>(node.step.tokens + 4 * t);
    const row = token % ITEM_ROWS;
    const item = node.weights + (token / ITEM_ROWS) * itemBytes<Q>(node.cols);
    const factor = f32x4.splat(q.factor(item));
    let quad = item + q.headBytes + (row & ~3) * q.bytes;
    const out = node.out + 4 * t * node.cols;
    for (let k: u32 = 0; k < node.cols; k++, quad += ITEM_ROWS * q.bytes) {
      v128.store(scratch(), f32x4.mul(q.load4(quad), factor));
      store<f32>(out + 4 * k, load<f32>(scratch() + 4 * (row & 3)));
    }
  }
}

/** 16 rows × one token at a time. */
function decode<Q>(node: MatmulNode, row: u32, item: usize, columns: usize): void {
  const q = changetype<Q>(0);
  const factor = q.factor(item);
  const n = <i32>(node.rows - row);
  for (let t: u32 = 0; t < node.nRows; t++) {
    let x = node.x + 4 * t * node.cols;
    let w = columns;
    let f0 = f32x4.splat(0);
    let f1 = f0;
    let f2 = f0;
    let f3 = f0;
    for (const end = x + 4 * node.cols; x < end; x += 4, w += ITEM_ROWS * q.bytes) {
      const xk = f32x4.splat(load<f32>(x) * factor);
      f0 = f32x4.add(f0, f32x4.mul(q.load4(w), xk));
      f1 = f32x4.add(f1, f32x4.mul(q.load4(w + 4 * q.bytes), xk));
      f2 = f32x4.add(f2, f32x4.mul(q.load4(w + 8 * q.bytes), xk));
      f3 = f32x4.add(f3, f32x4.mul(q.load4(w + 12 * q.bytes), xk));
    }
    const out = node.out + 4 * (t * node.rows + row);
    const bias = node.bias ? node.bias + 4 * row : 0;
    Rows.store(out, f0, bias, n);
    Rows.store(out + 16, f1, bias ? bias + 16 : 0, n - 4);
    Rows.store(out + 32, f2, bias ? bias + 32 : 0, n - 8);
    Rows.store(out + 48, f3, bias ? bias + 48 : 0, n - 12);
  }
}

function prefill<Q>(node: MatmulNode, itemRow: u32, item: usize, columns: usize): void {
  const q = changetype<Q>(0);
  const panel = scratch() + 16; // Rows.store has the first bytes
  const factor = f32x4.splat(q.factor(item));
  const end = min(itemRow + ITEM_ROWS, node.rows);
  for (let row = itemRow; row < end; row += 4, columns += 4 * q.bytes) {
    for (let k: u32 = 0; k < node.cols; k++) {
      v128.store(panel + 16 * k, f32x4.mul(q.load4(columns + k * ITEM_ROWS * q.bytes), factor));
    }
    for (let t: u32 = 0; t < node.nRows; t += 6) tile(node, row, t, panel);
  }
}

/** Four rows × six tokens; of missing tokens the last one takes the place, and nothing is stored. */
function tile(node: MatmulNode, row: u32, t: u32, panel: usize): void {
  const xBytes = 4 * node.cols;
  const last = node.x + (node.nRows - 1) * xBytes;
  let x0 = node.x + t * xBytes;
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
  const out = node.out + 4 * (t * node.rows + row);
  const outBytes = 4 * node.rows;
  const bias = node.bias ? node.bias + 4 * row : 0;
  const nTokens = node.nRows - t;
  const n = <i32>(node.rows - row);
  Rows.store(out, f0, bias, n);
  if (nTokens > 1) Rows.store(out + outBytes, f1, bias, n);
  if (nTokens > 2) Rows.store(out + 2 * outBytes, f2, bias, n);
  if (nTokens > 3) Rows.store(out + 3 * outBytes, f3, bias, n);
  if (nTokens > 4) Rows.store(out + 4 * outBytes, f4, bias, n);
  if (nTokens > 5) Rows.store(out + 5 * outBytes, f5, bias, n);
}
