import { BLOCK } from './attention_record';
import { Tile } from './attention_tile';
import { Masks } from './constants';
import { hadamard } from './hadamard';
import { KvLevels } from './kv_levels';
import { addDots, biasOf, largest, pack, perLevel, ROW_BYTES } from './level_dot';

/*
 * Attention over a q8_0 cache, in integers; lib/attention_floats.ts is its twin for floats. Both of its halves are the same product, lib/level_dot.ts: 32 levels of each of up
 * to four rows times 32 levels of eight lanes of the cache.
 *
 *              a row is a token's                           over           a lane is
 *     scores   query, -8191 … 8191 in 32 columns            the columns    a position
 *     values   probability * scale of the value, 0 … 16383  32 positions   a column
 */

/** Bytes of 32 columns of four rows: their levels, then a scale f32 each. */
const QUERY_BYTES: u32 = 4 * ROW_BYTES + 16;

/** Quantises a row's query; `from` is `[headDim]`, of which `spread` columns at a time are spread as the cache's are. */
export function loadQueryLevels(tile: Tile, row: u32, from: usize, scale: f32, spread: u32): void {
  const query = tile.words; // not yet in use
  memory.copy(query, from, tile.headBytes);
  hadamard(query, tile.headBytes, spread << 2);
  let to = queriesOf(tile, row & ~3);
  for (let i: u32 = 0; i < tile.headBytes; i += 128) {
    let bits = i32x4.splat(0); // magnitudes compare as integers, and NaN is the largest
    for (let j: usize = 0; j < 128; j += 16) bits = i32x4.max_u(bits, f32x4.abs(v128.load(query + i + j)));
    const top = largest(bits);
    pack(to + (row & 3) * ROW_BYTES, query + i, perLevel(8191, top), 8192);
    store<f32>(to + 4 * ROW_BYTES + ((row & 3) << 2), (top / 8191) * scale);
    to += QUERY_BYTES;
  }
}

/** `[headDim / 32]` of QUERY_BYTES. */
function queriesOf(tile: Tile, row: u32): usize {
  return tile.q + (row >> 2) * (tile.headBytes >> 7) * QUERY_BYTES;
}

/** Scores `[nRows, BLOCK]` of the rows from `row` on, against a whole block of keys, seen or not. */
export function scoreLevels(tile: Tile, row: u32, nRows: u32): void {
  const groupBytes = tile.groupBytes;
  const bias = Masks.byte(0x40);
  memory.fill(tile.scores, 0, 4 * BLOCK * nRows);
  for (let pair: u32 = 0; pair < BLOCK / 8; pair++) {
    const scores = tile.scores + 32 * pair;
    let block = tile.keys + 2 * pair * groupBytes; // eight positions: this block, and the one groupBytes behind
    let q = queriesOf(tile, row);
    for (let i: u32 = 0; i < tile.headBytes; i += 128) {
      tile.touchNext(KvLevels.blockBytes);
      const low = v128.load(block);
      const high = v128.load(block + groupBytes);
      const levels = block + KvLevels.levels;
      const biasA = biasOf(levels, bias);
      const biasB = biasOf(levels + groupBytes, bias);
      addDots(nRows, scores, 4 * BLOCK, q, levels, groupBytes, 16, biasA, biasB, low, high);
      block += KvLevels.blockBytes;
      q += QUERY_BYTES;
    }
  }
}

/** Adds the block's values, times the probabilities in `scores`, to nRows rows from `row` on. */
export function mixLevels(tile: Tile, row: u32, nRows: u32): void {
  const groupBytes = tile.groupBytes;
  const headBytes = tile.headBytes;
  const words = tile.words;
  const zero = i32x4.splat(0);
  const one = f32x4.splat(1); // weights have the lanes' scales
  let values = tile.values + row * headBytes;
  let block = tile.cached;
  for (let i: u32 = 0; i < headBytes; i += 128) {
    loadScales(tile, block);
    for (let r: u32 = 0; r < nRows; r++) weighValues(tile, r);
    for (let c: u32 = 0; c < 128; c += 32) {
      tile.touchNext(KvLevels.blockBytes);
      addDots(nRows, values, headBytes, words, block + KvLevels.levels + c, 16, groupBytes, zero, zero, one, one);
      values += 32;
    }
    block += KvLevels.blockBytes;
  }
}

/** The values' scales by position. Positions that no row sees may hold anything: their scales become 0. */
function loadScales(tile: Tile, block: usize): void {
  const begin = i32x4.splat(tile.begin);
  const end = i32x4.splat(tile.end);
  let at = i32x4.add(i32x4.splat(tile.block), i32x4(0, 1, 2, 3));
  for (let i: usize = 0; i < 4 * BLOCK; i += 16) {
    const seen = v128.and(i32x4.ge_s(at, begin), i32x4.lt_s(at, end));
    v128.store(tile.scales + i, v128.and(v128.load(block), seen));
    block += tile.groupBytes;
    at = i32x4.add(at, i32x4.splat(4));
  }
}

/** Row r's probabilities times the values' scales → levels and their scale, in `words`. */
function weighValues(tile: Tile, r: u32): void {
  const probs = tile.scores + 4 * BLOCK * r;
  let bits = i32x4.splat(0);
  for (let i: usize = 0; i < 4 * BLOCK; i += 16) {
    const weight = f32x4.mul(v128.load(probs + i), v128.load(tile.scales + i));
    v128.store(tile.weights + i, weight);
    bits = i32x4.max_u(bits, weight);
  }
  const top = largest(bits);
  pack(tile.words + r * ROW_BYTES, tile.weights, perLevel(16383, top), 0);
  store<f32>(tile.words + 4 * ROW_BYTES + 4 * r, top / 16383);
}
