import { Activations } from './lib/activations';
import { Gemm } from './lib/gemm';
import { MatVec } from './lib/mat_vec';
import { Node } from './lib/node';
import { Panel } from './lib/panel';
import { scratch } from './lib/scratch';
import { ITEM_ROWS, quadBytes } from './pack';

@unmanaged
export class MatmulNode extends Node {
  out: usize; // [nRows, rows]
  weights: usize; // packed [rows, cols]
  x: usize; // [nRows, cols]: quantised for integer types, floats for float types
  bias: usize; // [rows] or 0
  rows: u32;
  cols: u32;
}

/** Below this many tokens unpacking a panel costs more than it saves. */
const GEMM_TOKENS: u32 = 4;

/** An item is 16 rows of weights × all rows of activations. */
export function matmul_items(node: MatmulNode): u32 {
  return (node.rows + ITEM_ROWS - 1) / ITEM_ROWS;
}

/** out[t, r] = Σ w[r, k] x[t, k] + bias[r] for a quantised type. */
export function matmul<Q>(node: MatmulNode, begin: u32, end: u32): void {
  for (let row = begin * ITEM_ROWS, last = end * ITEM_ROWS; row < last; row += ITEM_ROWS) {
    if (node.nRows < GEMM_TOKENS) decode<Q>(node, row);
    else prefill<Q>(node, row);
  }
}

function decode<Q>(node: MatmulNode, row: u32): void {
  const stride = quadBytes<Q>(node.cols);
  const weights = node.weights + (row >> 2) * stride;
  const bias = node.bias ? node.bias + 4 * row : 0;
  const xBytes = (node.cols >> 5) * Activations.blockBytes;
  for (let t: u32 = 0; t < node.nRows; t++) {
    const out = node.out + 4 * (t * node.rows + row);
    changetype<MatVec<Q>>(0).run(out, weights, stride, node.cols, node.x + t * xBytes, bias, node.rows - row);
  }
}

function prefill<Q>(node: MatmulNode, item: u32): void {
  const stride = quadBytes<Q>(node.cols);
  const nBlocks = node.cols >> 5;
  const panel = scratch() + 16; // Rows.store has the first bytes
  const end = min(item + ITEM_ROWS, node.rows);
  for (let row = item; row < end; row += 4) {
    changetype<Panel<Q>>(0).unpack(panel, node.weights + (row >> 2) * stride, node.cols);
    const out = node.out + 4 * row;
    const bias = node.bias ? node.bias + 4 * row : 0;
    changetype<Gemm<Q>>(0).run(
      out,
      4 * node.rows,
      panel,
      nBlocks,
      node.x,
      nBlocks * Activations.blockBytes,
      node.nRows,
      bias,
      node.rows - row,
    );
  }
}
