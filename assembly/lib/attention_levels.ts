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
 *
 * Of values, 16383 is the largest probability times the largest scale, even where they do not meet: each is looked for once, not for
 * every row and 32 columns anew.
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
    const factor = f32x4.splat(perLevel(8191, top));
    for (let j: usize = 0; j < 128; j += 16) v128.store(tile.factors + j, factor);
    pack(to + (row & 3) * ROW_BYTES, query + i, tile.factors, 8192);
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
  for (let r: u32 = 0; r < nRows; r++) {
    store<f32>(words + 4 * ROW_BYTES + 4 * r, stretch(tile.scores + 4 * BLOCK * r, 16383) / 16383);
  }
  let values = tile.values + row * headBytes;
  let block = tile.cached;
  for (let i: u32 = 0; i < headBytes; i += 128) {
    const top = f32x4.splat(loadScales(tile, block));
    for (let r: u32 = 0; r < nRows; r++) pack(words + r * ROW_BYTES, tile.scores + 4 * BLOCK * r, tile.factors, 0);
    for (let c: u32 = 0; c < 128; c += 32) {
      tile.touchNext(KvLevels.blockBytes);
      addDots(nRows, values, headBytes, words, block + KvLevels.levels + c, 16, groupBytes, zero, zero, top, top);
      values += 32;
    }
    block += KvLevels.blockBytes;
  }
}

/** The values' scales by position, stretched to 1; their largest. Positions that no row sees may hold anything: their scales become 0. */
function loadScales(tile: Tile, block: usize): f32 {
  const begin = i32x4.splat(tile.begin);
  const end = i32x4.splat(tile.end);
  let at = i32x4.add(i32x4.splat(tile.block), i32x4(0, 1, 2, 3));
  for (let i: usize = 0; i < 4 * BLOCK; i += 16) {
    const seen = v128.and(i32x4.ge_s(at, begin), i32x4.lt_s(at, end));
    v128.store(tile.factors + i, v128.and(v128.load(block), seen));
    block += tile.groupBytes;
    at = i32x4.add(at, i32x4.splat(4));
  }
  return stretch(tile.factors, 1);
}

/** Multiplies BLOCK numbers, none of them below 0, so that the largest becomes `most`; returns what it was. */
function stretch(x: usize, most: f32): f32 {
  let bits = i32x4.splat(0); // magnitudes compare as integers, and NaN is the largest
  for (let i: usize = 0; i < 4 * BLOCK; i += 16) bits = i32x4.max_u(bits, v128.load(x + i));
  const top = largest(bits);
  const factor = f32x4.splat(perLevel(most, top));
  for (let i: usize = 0; i < 4 * BLOCK; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), factor));
  return top;
}
