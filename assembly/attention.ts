import { loadQueryFloats } from './lib/attention_floats';
import { loadQueryLevels } from './lib/attention_levels';
import { AttentionRecord, SPLIT_TOKENS, TILE_ROWS } from './lib/attention_record';
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

export function attention_f32(record: AttentionRecord, begin: u32, end: u32): void {
  attention<KvF32, KvF32>(record, begin, end);
}

export function attention_f16(record: AttentionRecord, begin: u32, end: u32): void {
  attention<KvF16, KvF32>(record, begin, end);
}

export function attention_q8_0(record: AttentionRecord, begin: u32, end: u32): void {
  attention<KvQ8_0, KvQ8_0>(record, begin, end);
}

/** Items go by tile, then key-value head, then split. `T` is how the cache lies, `M` how many rows read it. */
function attention<T, M>(record: AttentionRecord, begin: u32, end: u32): void {
  const tile = changetype<Tile>(scratch());
  const firstSplit = record.firstSplit;
  const nSplits = record.isSplit ? record.endSplit - firstSplit : 1;
  for (let item = begin; item < end; item++) {
    const kvHead = (item / nSplits) % record.nKvHeads;
    const token = record.tokenOf(item / nSplits / record.nKvHeads);
    if (item == begin || item % nSplits == 0) loadQueries<T>(tile, record, token, kvHead); // splits share them
    if (record.isSplit) {
      const split = firstSplit + (item % nSplits);
      walkSplit<T, M>(tile, record, kvHead, split);
      storeParts(tile, record, token, kvHead, split);
    } else {
      walkSplits<T, M>(tile, record, kvHead);
      storeMeans(tile, record, token, kvHead);
    }
  }
}

/** Lays the tile out and fills `q`. Zero rows fill it up to a multiple of four. */
function loadQueries<T>(tile: Tile, record: AttentionRecord, token: u32, kvHead: u32): void {
  const headBytes = record.headDim << 2;
  const step = record.step;
  const pos = step.posOf(token);
  tile.pos = pos;
  if (step.texts) {
    const text = step.textOf(token);
    tile.nSeen = text.pos + text.nTokens;
    tile.base = text.base;
    tile.states = text.states;
  } else {
    tile.nSeen = step.pos + step.nTokens;
    tile.base = 0;
    tile.states = 0;
  }
  tile.nRows = min(record.tileTokens, tile.nSeen - pos) * record.headsPerKv;
  tile.headBytes = headBytes;
  tile.headsPerKv = record.headsPerKv;
  tile.window = record.window;
  tile.cap = record.cap;
  tile.ahead = record.ahead;
  tile.alibi = record.alibi;
  tile.firstHead = kvHead * record.headsPerKv;
  tile.nHeads = record.cols / record.headDim;
  tile.factor = changetype<T>(0).factor;
  layOut(tile);
  memory.fill(tile.q, 0, tile.maxRows * headBytes);
  for (let row: u32 = 0; row < tile.nRows; row++) {
    const from = record.q + record.offsetOf(token, kvHead, row);
    if (changetype<T>(0).hasLevels) loadQueryLevels(tile, row, from, record.scale, record.spread);
    else loadQueryFloats(tile, row, from, record.scale);
  }
}

/** Leaves the sums of one split to `attention_join`. */
function storeParts(tile: Tile, record: AttentionRecord, token: u32, kvHead: u32, split: u32): void {
  for (let row: u32 = 0; row < tile.nRows; row++) {
    const head = kvHead * record.headsPerKv + (row % record.headsPerKv);
    const part = record.partOf(token + row / record.headsPerKv, head, split);
    memory.copy(part, tile.softmax + row * offsetof<Softmax>(), offsetof<Softmax>());
    memory.copy(part + offsetof<Softmax>(), tile.values + row * tile.headBytes, tile.headBytes);
  }
}

/** Writes the results of a tile whose splits are all joined. */
function storeMeans(tile: Tile, record: AttentionRecord, token: u32, kvHead: u32): void {
  for (let row: u32 = 0; row < tile.nRows; row++) {
    const out = record.out + record.offsetOf(token, kvHead, row);
    const head = kvHead * record.headsPerKv + (row % record.headsPerKv);
    record.finish(tile.totalSoftmaxOf(row), tile.totals + row * tile.headBytes, out, head);
  }
}

export function attention_items(record: AttentionRecord): u32 {
  return record.nTiles * record.nKvHeads * (record.isSplit ? record.endSplit - record.firstSplit : 1);
}

/** Bytes of scratch memory that a thread needs for this record. */
export function attention_scratch_bytes(record: AttentionRecord): u32 {
  return tileBytes((max(record.headsPerKv, TILE_ROWS) + 3) & ~3, record.headDim);
}

/** Bytes behind `parts`. */
export function attention_parts_bytes(record: AttentionRecord): f64 {
  return <f64>(SPLIT_TOKENS * (record.cols / record.headDim)) * <f64>record.mostSplits * <f64>record.partBytes;
}
