import { mixFloats, scoreFloats } from './attention_floats';
import { mixLevels, scoreLevels } from './attention_levels';
import { BLOCK } from './attention_record';
import { Tile } from './attention_tile';
import { Lanes, storePair } from './math';
import { LOWEST } from './softmax';

/** Takes the block into R rows from `row` on, or up to four where they are integers. A block that none of them sees would change nothing, so it is left out. */
export function walkRows<T, R>(tile: Tile, row: u32): void {
  const nRows = changetype<T>(0).hasLevels ? min<u32>(tile.nRows, 4) : changetype<R>(0).rows;
  if (tile.block > tile.lastSeen(tile.posOf(row + nRows - 1)) || tile.end <= tile.firstSeen(tile.posOf(row))) return;
  if (changetype<T>(0).hasLevels) {
    scoreLevels(tile, row, nRows);
    for (let r: u32 = 0; r < nRows; r++) weigh(tile, row + r, tile.scores + 4 * BLOCK * r, 4 * BLOCK);
    mixLevels(tile, row, nRows);
  } else {
    scoreFloats<T, R>(tile, row);
    for (let r: u32 = 0; r < nRows; r++) weigh(tile, row + r, tile.scores + 4 * BLOCK * r, 32 * tile.nPairs);
    transpose(tile.probs, tile.scores);
    mixFloats<T, R>(tile, row);
  }
}

/**
 * e^-60 is 2^-87: added to a sum of at least 1 it changes nothing. Such probabilities become 0, because their products with
 * values may be subnormal, which is slow (Zen 5: attention took twice as long).
 */
const NEGLIGIBLE: f32 = -60;

/**
 * Turns one row's scores into probabilities relative to the largest score so far. Positions that the row does not see get 0.
 */
function weigh(tile: Tile, row: u32, scores: usize, bytes: u32): void {
  const softmax = tile.softmaxOf(row);
  const pos = tile.posOf(row);
  const first = tile.firstSeen(pos);
  const last = tile.lastSeen(pos);
  if (tile.cap) cap(scores, bytes, tile.cap);
  if (tile.alibi) lower(scores, bytes, slopeOf(tile, row), tile.block - pos);
  if (first > tile.block || last < tile.block + BLOCK - 1) hide(scores, bytes, tile.block, first, last);
  const end = scores + bytes; // at least eight scores

  let low = v128.load(scores);
  let high = v128.load(scores, 16);
  for (let s = scores + 32; s < end; s += 32) {
    low = f32x4.pmax(low, v128.load(s));
    high = f32x4.pmax(high, v128.load(s, 16));
  }
  const top = Lanes.max(f32x4.pmax(low, high));
  if (top > softmax.max) softmax.raise(top, tile.values + row * tile.headBytes, tile.headBytes);

  // While nothing has been seen, max is LOWEST and so are the scores: half of it keeps them out of reach.
  const max = f32x4.splat(softmax.max > LOWEST ? softmax.max : LOWEST / 2);
  const factor = f32x4.splat(tile.factor);
  let sums = f32x4.splat(0);
  for (let s = scores; s < end; s += 16) {
    const below = f32x4.sub(v128.load(s), max);
    const prob = v128.andnot(Lanes.expBelow0(below), f32x4.lt(below, f32x4.splat(NEGLIGIBLE))); // a NaN stays one
    v128.store(s, f32x4.mul(prob, factor));
    sums = f32x4.add(sums, prob);
  }
  softmax.sum += Lanes.sum(sums);
}

/** Bends scores towards ±limit. */
function cap(scores: usize, bytes: u32, limit: f32): void {
  for (let s = scores; s < scores + bytes; s += 16) v128.store(s, Lanes.cap(v128.load(s), f32x4.splat(limit)));
}

/** What scores of a row's head lose for each position: 2^(-alibi (h + 1) / n) of n heads, a power of two; others lie in between. */
function slopeOf(tile: Tile, row: u32): f32 {
  const head = tile.firstHead + (row % tile.headsPerKv);
  const n: u32 = 1 << (31 - clz(tile.nHeads));
  const step = head < n ? <f32>(head + 1) : <f32>(head - n) + 0.5;
  return Lanes.exp1((-0.6931472 * tile.alibi * step) / <f32>n);
}

/** Lowers scores by the slope times how far their positions lie from the row's; the first is `first` positions behind it. */
function lower(scores: usize, bytes: u32, slope: f32, first: i32): void {
  let away = f32x4.convert_i32x4_s(i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3)));
  for (let s = scores; s < scores + bytes; s += 16) {
    v128.store(s, f32x4.sub(v128.load(s), f32x4.mul(f32x4.abs(away), f32x4.splat(slope))));
    away = f32x4.add(away, f32x4.splat(4));
  }
}

/** Sets scores of positions from `block` on to the lowest, except those of `first` … `last`. */
function hide(scores: usize, bytes: u32, block: u32, first: u32, last: u32): void {
  let at = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  for (let s = scores; s < scores + bytes; s += 16) {
    const seen = v128.and(i32x4.le_s(i32x4.splat(first), at), i32x4.le_s(at, i32x4.splat(last)));
    v128.store(s, v128.bitselect(v128.load(s), f32x4.splat(LOWEST), seen));
    at = i32x4.add(at, i32x4.splat(4));
  }
}

/** Probabilities by row `[4, BLOCK]` → by position `[BLOCK, 4]`, so that a position's four lie at offsets known to the compiler. */
function transpose(probs: usize, rows: usize): void {
  for (let i: usize = 0; i < 4 * BLOCK; i += 16) {
    const a = v128.load(rows + i);
    const b = v128.load(rows + i, 4 * BLOCK);
    const c = v128.load(rows + i, 8 * BLOCK);
    const d = v128.load(rows + i, 12 * BLOCK);
    const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5); // a0 b0 a1 b1
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    storePair(probs + 4 * i, v128.shuffle<f64>(ab0, cd0, 0, 2), v128.shuffle<f64>(ab0, cd0, 1, 3));
    storePair(probs + 4 * i + 32, v128.shuffle<f64>(ab2, cd2, 0, 2), v128.shuffle<f64>(ab2, cd2, 1, 3));
  }
}
