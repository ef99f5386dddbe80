import { DOTS_BYTES, Gemm } from './lib/gemm';
import { MatVec } from './lib/mat_vec';
import { MatmulNode } from './lib/matmul_node';
import { Panel } from './lib/panel';
import { SUMS_BYTES } from './lib/rows';
import { scratch } from './lib/scratch';
import { TILE_ROWS, TILE_TOKENS } from './lib/tile_dots';
import { ITEM_ROWS, itemBytes } from './pack';

/**
 * Below this many tokens unpacking panels costs more than it saves, and of a last tile with that few tokens or less most would be wasted
 * (measured per build: Q4_0, Q8_0, Q4_K; Zen 5).
 */
const GEMM_TOKENS: u32 = ASC_FEATURE_RELAXED_SIMD ? 12 : 4;
const LEFT_TOKENS: u32 = ASC_FEATURE_RELAXED_SIMD ? 4 : 2;

/** An item is 16 rows of weights × all rows of activations. */
export function matmul_items(node: MatmulNode): u32 {
  return (node.rows + ITEM_ROWS - 1) / ITEM_ROWS;
}

/** out[t, r] = Σ w[r, k] x[t, k] + bias[r] for a quantised type. Who multiplies a token makes no difference to a bit of it. */
export function matmul<Q, A>(node: MatmulNode, begin: u32, end: u32): void {
  const nLeft = node.nRows % TILE_TOKENS;
  const nTiled: u32 = node.nRows < GEMM_TOKENS ? 0 : nLeft <= LEFT_TOKENS ? node.nRows - nLeft : node.nRows;
  for (let row = begin * ITEM_ROWS, last = end * ITEM_ROWS; row < last; row += ITEM_ROWS) {
    if (nTiled) tiles<Q, A>(node, row, nTiled);
    if (nTiled < node.nRows) tokens<Q, A>(node, row, nTiled);
  }
}

/** 16 rows × one token at a time, from `token` on. */
function tokens<Q, A>(node: MatmulNode, row: u32, token: u32): void {
  const item = node.weights + (row / ITEM_ROWS) * itemBytes<Q>(node.cols);
  for (let t = token; t < node.nRows; t++) changetype<MatVec<Q, A>>(0).run(node, row, t, item);
}

/** 16 rows × the first tokens, in tiles. */
function tiles<Q, A>(node: MatmulNode, itemRow: u32, nTokens: u32): void {
  const item = node.weights + (itemRow / ITEM_ROWS) * itemBytes<Q>(node.cols);
  const panel = scratch() + SUMS_BYTES + DOTS_BYTES;
  const end = min(itemRow + ITEM_ROWS, node.rows);
  for (let row = itemRow; row < end; row += TILE_ROWS) {
    for (let at: u32 = 0; at < TILE_ROWS; at += 4) {
      changetype<Panel<Q>>(0).unpack(panel + 4 * at, item, (row + at - itemRow) / 4, node.cols);
    }
    changetype<Gemm<Q, A>>(0).run(node, row, nTokens, panel);
  }
}
