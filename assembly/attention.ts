import { loadQueryFloats } from './lib/attention_floats';
import { loadQueryLevels } from './lib/attention_levels';
import { AttentionNode, SPLIT_TOKENS, TILE_ROWS } from './lib/attention_node';
import { walkSplit, walkSplits } from './lib/attention_splits';
import { layOut, Tile, tileBytes } from './lib/attention_tile';
import { KvF16, KvF32, KvQ8_0 } from './lib/kv_types';
import { scratch } from './lib/scratch';
import { Softmax } from './lib/softmax';

/*
 * Attention in one pass over the cache, with a softmax that is corrected as larger scores turn up (Milakov & Gimelshein
 * 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135).
 *
 * A query row is one token's query of one head. An item has the rows of a few tokens and of all heads that share a key-value
 * head, and loads each key and value once. Each row walks over blocks of 32 positions, within splits of 256:
 *
 *     split 0                          split 1
 *     [block][block] … [block]         [block][block] …          scores → max → e^(score - max) → values
 *     └ sums relative to their max ┘ + └ sums relative to …  ┘   joined from left to right
 *
 * With few tokens each split is an item of its own, and `attention_join` joins them; with many, an item walks over all of its
 * splits. Both do the same arithmetic in the same order, and borders are absolute positions. So a token's result has the same
 * bits whether it was decoded alone or prefilled in a batch, by one thread or by many.
 */

export function attention_f32(node: AttentionNode, begin: u32, end: u32): void {
  attention<KvF32, KvF32>(node, begin, end);
}

export function attention_f16(node: AttentionNode, begin: u32, end: u32): void {
  attention<KvF16, KvF32>(node, begin, end);
}

export function attention_q8_0(node: AttentionNode, begin: u32, end: u32): void {
  attention<KvQ8_0, KvQ8_0>(node, begin, end);
}

/** Items go by tile, then key-value head, then split. `T` is how the cache lies, `M` how many rows read it. */
function attention<T, M>(node: AttentionNode, begin: u32, end: u32): void {
  const tile = changetype<Tile>(scratch());
  const firstSplit = node.firstSplit;
  const nSplits = node.isSplit ? node.endSplit - firstSplit : 1;
  for (let item = begin; item < end; item++) {
    const kvHead = (item / nSplits) % node.nKvHeads;
    const token = (item / nSplits / node.nKvHeads) * node.tileTokens;
    loadQueries<T>(tile, node, token, kvHead);
    if (node.isSplit) {
      const split = firstSplit + (item % nSplits);
      walkSplit<T, M>(tile, node, kvHead, split);
      storeParts(tile, node, token, kvHead, split);
    } else {
      walkSplits<T, M>(tile, node, kvHead);
      storeMeans(tile, node, token, kvHead);
    }
  }
}

/** Lays the tile out and fills `q`. Zero rows fill it up to a multiple of four. */
function loadQueries<T>(tile: Tile, node: AttentionNode, token: u32, kvHead: u32): void {
  const headBytes = node.headDim << 2;
  tile.nRows = min(node.tileTokens, node.nRows - token) * node.headsPerKv;
  tile.headBytes = headBytes;
  tile.headsPerKv = node.headsPerKv;
  tile.pos = node.step.pos + token;
  tile.window = node.window;
  tile.factor = changetype<T>(0).factor;
  layOut(tile);
  memory.fill(tile.q, 0, tile.maxRows * headBytes);
  for (let row: u32 = 0; row < tile.nRows; row++) {
    const from = node.q + node.offsetOf(token, kvHead, row);
    if (changetype<T>(0).hasLevels) loadQueryLevels(tile, row, from, node.scale, node.spread);
    else loadQueryFloats(tile, row, from, node.scale);
  }
}

/** Leaves the sums of one split to `attention_join`. */
function storeParts(tile: Tile, node: AttentionNode, token: u32, kvHead: u32, split: u32): void {
  for (let row: u32 = 0; row < tile.nRows; row++) {
    const head = kvHead * node.headsPerKv + (row % node.headsPerKv);
    const part = node.partOf(token + row / node.headsPerKv, head, split);
    memory.copy(part, tile.softmax + row * offsetof<Softmax>(), offsetof<Softmax>());
    memory.copy(part + offsetof<Softmax>(), tile.values + row * tile.headBytes, tile.headBytes);
  }
}

/** Writes the results of a tile whose splits are all joined. */
function storeMeans(tile: Tile, node: AttentionNode, token: u32, kvHead: u32): void {
  for (let row: u32 = 0; row < tile.nRows; row++) {
    const out = node.out + node.offsetOf(token, kvHead, row);
    node.finish(tile.totalSoftmaxOf(row), tile.totals + row * tile.headBytes, out);
  }
}

export function attention_items(node: AttentionNode): u32 {
  const nTiles = (node.nRows + node.tileTokens - 1) / node.tileTokens;
  return nTiles * node.nKvHeads * (node.isSplit ? node.endSplit - node.firstSplit : 1);
}

/** Bytes of scratch memory that a thread needs for this node. */
export function attention_scratch_bytes(node: AttentionNode): u32 {
  return tileBytes((max(node.headsPerKv, TILE_ROWS) + 3) & ~3, node.headDim);
}

/** Bytes behind `parts`. */
export function attention_parts_bytes(node: AttentionNode): f64 {
  return <f64>(SPLIT_TOKENS * (node.cols / node.headDim)) * <f64>node.mostSplits * <f64>node.partBytes;
}
