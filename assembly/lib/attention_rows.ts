import { BLOCK, LOWEST, mixTile, scoreTile, Softmax, transpose } from './attention_tile';
import { mixLevels, scoreLevels } from './attention_levels';
import { Masks } from './constants';
import { Lanes } from './math';

/** What an item of attention works on, at the start of the thread's scratch memory; its arrays follow. */
@unmanaged
export class Tile {
  nRows: u32;
  headBytes: u32;
  headsPerKv: u32;
  /** Position of the first row's token. */
  pos: u32;
  window: u32;
  /** What probabilities have to be multiplied by, see lib/kv_types.ts. */
  factor: f32;
  /** Keeps loads alive that are made for their side effect. */
  touched: u32;

  // the block under way
  block: u32; // its first position
  begin: u32; // first position seen by any row
  end: u32; // behind the last position seen by any row
  keys: usize; // groups of four positions, groupBytes apart
  groupBytes: u32;
  cached: usize; // values of the position `begin` and on, rowBytes apart; of q8_0 the whole block
  rowBytes: u32;

  // arrays
  q: usize; // [nRows / 4, headDim, 4], times scale and factor; for q8_0 see lib/attention_levels.ts
  values: usize; // [nRows, headDim]: this split's sums
  totals: usize; // [nRows, headDim]: sums of the splits before
  softmax: usize; // [nRows] of Softmax, for values
  totalSoftmax: usize; // [nRows] of Softmax, for totals
  scores: usize; // [4, BLOCK]: scores, then probabilities
  probs: usize; // [BLOCK, 4]
  wideKeys: usize; // [BLOCK / 4, headDim, 4] f32
  wideValues: usize; // [BLOCK, headDim] f32

  /** What lib/attention_levels.ts works with, where the probabilities of float types are: [4, 8] i32, [BLOCK] f32, … */
  @inline
  get sums(): usize {
    return this.probs;
  }

  @inline
  get weights(): usize {
    return this.probs + 4 * BLOCK;
  }

  /** Rows' weights as levels, then [4] scales. */
  @inline
  get words(): usize {
    return this.wideKeys;
  }

  /** [BLOCK] f32: the values' scales. */
  @inline
  get scales(): usize {
    return this.probs + 8 * BLOCK;
  }

  /** Rows with their padding: tiles of four may reach beyond the last row. */
  @inline
  get maxRows(): u32 {
    return (this.nRows + 3) & ~3;
  }

  @inline
  softmaxOf(row: u32): Softmax {
    return changetype<Softmax>(this.softmax + row * offsetof<Softmax>());
  }

  @inline
  totalSoftmaxOf(row: u32): Softmax {
    return changetype<Softmax>(this.totalSoftmax + row * offsetof<Softmax>());
  }

  /** Position of a row's token. */
  @inline
  posOf(row: u32): u32 {
    return this.pos + min<u32>(row, this.nRows - 1) / this.headsPerKv;
  }

  /** First position that the token at `pos` sees. */
  @inline
  firstSeen(pos: u32): u32 {
    return this.window && pos >= this.window ? pos - this.window + 1 : 0;
  }

  /** Groups of eight positions in the block, up to `end`. */
  @inline
  get nPairs(): u32 {
    return (this.end - this.block + 7) >> 3;
  }
}

/** Bytes of a tile's record and arrays. */
export function tileBytes(nRows: u32, headDim: u32): u32 {
  const rowBytes = 3 * 4 * headDim + 2 * offsetof<Softmax>();
  return TILE_HEADER + nRows * rowBytes + 32 * BLOCK + 8 * BLOCK * headDim;
}

const TILE_HEADER: u32 = 128;

/** Lays the arrays of a tile out, once nRows and headBytes are known. */
export function layOut(tile: Tile): void {
  const sums = tile.maxRows * tile.headBytes;
  tile.q = changetype<usize>(tile) + TILE_HEADER;
  tile.values = tile.q + sums;
  tile.totals = tile.values + sums;
  tile.softmax = tile.totals + sums;
  tile.totalSoftmax = tile.softmax + tile.maxRows * offsetof<Softmax>();
  tile.scores = tile.totalSoftmax + tile.maxRows * offsetof<Softmax>();
  tile.probs = tile.scores + 16 * BLOCK;
  tile.wideKeys = tile.probs + 16 * BLOCK;
  tile.wideValues = tile.wideKeys + BLOCK * tile.headBytes;
}

/** Brings the block into float32, so that many rows share the work; from then on its keys and values lie in scratch. */
export function widen<T>(tile: Tile): void {
  const type = changetype<T>(0);
  const mask = Masks.half;
  const headBytes = tile.headBytes;
  const groupBytes = headBytes << 2;
  for (let group: u32 = 0; group < 2 * tile.nPairs; group++) {
    let from = tile.keys + group * tile.groupBytes;
    const to = tile.wideKeys + group * groupBytes;
    for (let i: u32 = 0; i < groupBytes; i += 16) {
      v128.store(to + i, type.load4(from, mask));
      from += 4 * type.bytes;
    }
  }
  for (let row: u32 = 0; row < tile.end - tile.begin; row++) {
    let from = tile.cached + row * tile.rowBytes;
    const to = tile.wideValues + row * headBytes;
    for (let i: u32 = 0; i < headBytes; i += 16) {
      v128.store(to + i, type.load4(from, mask));
      from += 4 * type.bytes;
    }
  }
  tile.keys = tile.wideKeys;
  tile.groupBytes = groupBytes;
  tile.cached = tile.wideValues;
  tile.rowBytes = headBytes;
}

/** Takes the block into R rows from `row` on. A block that none of them sees would change nothing and is left out. */
export function walkRows<T, R>(tile: Tile, row: u32): void {
  const nRows = changetype<R>(0).rows;
  if (tile.block > tile.posOf(row + nRows - 1) || tile.end <= tile.firstSeen(tile.posOf(row))) return;
  if (changetype<T>(0).hasLevels) {
    scoreLevels<R>(tile, row);
    for (let r: u32 = 0; r < nRows; r++) weigh<T>(tile, row + r, tile.scores + 4 * BLOCK * r, 4 * BLOCK);
    mixLevels<R>(tile, row);
    return;
  }
  const offset = row * tile.headBytes;
  scoreTile<T, R>(tile.scores, tile.q + offset, tile.headBytes, tile.keys, tile.groupBytes, tile.nPairs);
  for (let r: u32 = 0; r < nRows; r++) weigh<T>(tile, row + r, tile.scores + 4 * BLOCK * r, 32 * tile.nPairs);
  transpose(tile.probs, tile.scores);
  const probs = tile.probs + 16 * (tile.begin - tile.block);
  const n = tile.end - tile.begin;
  mixTile<T, R>(tile.values + offset, tile.headBytes, probs, tile.cached, tile.rowBytes, n);
}

/**
 * e^-60 is 2^-87: added to a sum of at least 1 it changes nothing. Such probabilities become 0, because their products with
 * values may be subnormal, which is slow (Zen 5: attention took twice as long).
 */
const NEGLIGIBLE: f32 = -60;

/** Turns one row's scores into probabilities relative to the largest score so far; what the row does not see gets 0. */
function weigh<T>(tile: Tile, row: u32, scores: usize, bytes: u32): void {
  const softmax = tile.softmaxOf(row);
  const pos = tile.posOf(row);
  const first = tile.firstSeen(pos);
  if (first > tile.block || pos < tile.block + BLOCK - 1) hide(scores, bytes, tile.block, first, pos);
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
    v128.store(s, changetype<T>(0).hasLevels ? prob : f32x4.mul(prob, factor));
    sums = f32x4.add(sums, prob);
  }
  softmax.sum += Lanes.sum(sums);
}

/** Makes scores the lowest that belong to positions from `block` on, but not to `first` … `last`. */
function hide(scores: usize, bytes: u32, block: u32, first: u32, last: u32): void {
  let at = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  for (let s = scores; s < scores + bytes; s += 16) {
    const seen = v128.and(i32x4.le_s(i32x4.splat(first), at), i32x4.le_s(at, i32x4.splat(last)));
    v128.store(s, v128.bitselect(v128.load(s), f32x4.splat(LOWEST), seen));
    at = i32x4.add(at, i32x4.splat(4));
  }
}
