import { Activations } from './lib/activations';
import { Gemm, GEMM_PANELS, TILE_ROWS } from './lib/gemm';
import { MatVec } from './lib/mat_vec';
import { MatmulNode } from './lib/matmul_node';
import { Panel } from './lib/panel';
import { scratch } from './lib/scratch';
import { ITEM_ROWS, itemBytes } from './pack';

/** Below this many tokens unpacking a panel costs more than it saves (measured per build: Q4_0, Q8_0, Q4_K; Zen 5). */
const GEMM_TOKENS: u32 = ASC_FEATURE_RELAXED_SIMD ? 5 : 4;

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
  const item = node.weights + (row / ITEM_ROWS) * itemBytes<Q>(node.cols);
  const bias = node.bias ? node.bias + 4 * row : 0;
  const xBytes = (node.cols / changetype<Q>(0).span) * changetype<Activations<Q>>(0).bytes;
  for (let t: u32 = 0; t < node.nRows; t++) {
    const out = node.out + 4 * (t * node.rows + row);
    changetype<MatVec<Q>>(0).run(out, item, node.cols, node.x + t * xBytes, bias, node.rows - row);
  }
}

function prefill<Q>(node: MatmulNode, itemRow: u32): void {
  const item = node.weights + (itemRow / ITEM_ROWS) * itemBytes<Q>(node.cols);
  const panel = scratch() + GEMM_PANELS;
  const end = min(itemRow + ITEM_ROWS, node.rows);
  for (let row = itemRow; row < end; row += TILE_ROWS) {
    for (let at: u32 = 0; at < TILE_ROWS; at += 4) {
      const to = panel + (at / 4) * changetype<Panel<Q>>(0).bytes(node.cols);
      changetype<Panel<Q>>(0).unpack(to, item, (row + at - itemRow) / 4, node.cols);
    }
    changetype<Gemm<Q>>(0).run(node, row, panel);
  }
}
