import { Blocks } from './lib/blocks';
import { DOTS_BYTES, Gemm } from './lib/gemm';
import { MAX_SUMS, MatVec } from './lib/mat_vec';
import { MatmulRecord } from './lib/matmul_record';
import { Panel } from './lib/panel';
import { Four, One } from './lib/row_counts';
import { SUMS_BYTES } from './lib/rows';
import { scratch } from './lib/scratch';
import { SuperBlocks } from './lib/super_blocks';
import { TILE_ROWS, TILE_TOKENS } from './lib/tile_dots';
import { ITEM_ROWS, itemBytes } from './pack';

/**
 * Below this many tokens unpacking panels costs more than it saves, and of a last tile with that few tokens or less most would be wasted
 * (measured per build: Q4_0, Q8_0, Q4_K; Zen 5, and an Intel Xeon).
 */
const GEMM_TOKENS: u32 = ASC_FEATURE_RELAXED_SIMD ? 12 : 4;
const LEFT_TOKENS: u32 = ASC_FEATURE_RELAXED_SIMD ? 4 : 2;

/** Items that a mat-vec walks side by side (4 and 16: 15 % slower, an Intel Xeon; Q4_0 from memory). */
const STREAMS: u32 = 8;

/** An item is 16 rows of weights × all rows of activations. */
export function matmul_items(record: MatmulRecord): u32 {
  return (record.rows + ITEM_ROWS - 1) / ITEM_ROWS;
}

/** out[t, r] = Σ w[r, k] x[t, k] + bias[r] for a quantised type. Every kernel gives a token the same bits. */
export function matmul<Q, A>(record: MatmulRecord, begin: u32, end: u32): void {
  product<Q, A, One>(record, begin, end);
}

/** The same, faster with a few tokens: levels, once unpacked, meet up to four. */
export function matmulOfFew<Q, A>(record: MatmulRecord, begin: u32, end: u32): void {
  product<Q, A, Four>(record, begin, end);
}

/** T: how many tokens share what is unpacked, where there are no tiles. */
function product<Q, A, T>(record: MatmulRecord, begin: u32, end: u32): void {
  const nTiled = tiledTokens<Q>(record.nRows);
  const nLeft = record.nRows - nTiled;
  const stride = min(STREAMS, MAX_SUMS / max(nLeft, 1));
  for (let item = begin; item < end; item += stride) {
    const nItems = min(stride, end - item);
    for (let i: u32 = 0; nTiled && i < nItems; i++) tiles<Q, A>(record, (item + i) * ITEM_ROWS, nTiled);
    // Levels that are multiplied in parts always come in tiles: machines that need that should run the plain build.
    if (!changetype<Q>(0).splits && nLeft) matVecs<Q, A, T>(record, item * ITEM_ROWS, nItems, nTiled, nLeft);
  }
}

/** How many of the first tokens go through tiles. */
function tiledTokens<Q>(nTokens: u32): u32 {
  if (changetype<Q>(0).splits) return nTokens;
  const nLeft = nTokens % TILE_TOKENS;
  return nTokens < GEMM_TOKENS ? 0 : nLeft <= LEFT_TOKENS ? nTokens - nLeft : nTokens;
}

/** `nItems` items from `row` on × the last tokens, without panels. */
function matVecs<Q, A, T>(record: MatmulRecord, row: u32, nItems: u32, t: u32, nTokens: u32): void {
  if (changetype<Q>(0).span == 32) changetype<MatVec<Q, A, Blocks<Q, A>, T>>(0).run(record, row, nItems, t, nTokens);
  else changetype<MatVec<Q, A, SuperBlocks<Q, A>, T>>(0).run(record, row, nItems, t, nTokens);
}

/** 16 rows × the first tokens, in tiles. */
function tiles<Q, A>(record: MatmulRecord, itemRow: u32, nTokens: u32): void {
  const item = record.weights + (itemRow / ITEM_ROWS) * itemBytes<Q>(record.cols);
  const panel = scratch() + SUMS_BYTES + DOTS_BYTES;
  const end = min(itemRow + ITEM_ROWS, record.rows);
  for (let row = itemRow; row < end; row += TILE_ROWS) {
    for (let at: u32 = 0; at < TILE_ROWS; at += 4) {
      changetype<Panel<Q>>(0).unpack(panel + 4 * at, item, (row + at - itemRow) / 4, record.cols);
    }
    changetype<Gemm<Q, A>>(0).run(record, row, nTokens, panel);
  }
}
