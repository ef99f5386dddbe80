import { BLOCK } from './attention_record';
import { Tile } from './attention_tile';
import { Masks } from './constants';
import { storePair } from './math';

/*
 * Attention over a cache of floats; lib/attention_levels.ts is its twin for integers. `T` is how keys and values lie, R how many
 * rows of queries share what is loaded of them.
 */

/** Scales a row's query and puts it beside the three others of its tile of four; `from` is `[headDim]`. */
export function loadQueryFloats(tile: Tile, row: u32, from: usize, scale: f32): void {
  const to = tile.q + (row & ~3) * tile.headBytes + ((row & 3) << 2);
  for (let i: u32 = 0; i < tile.headBytes; i += 4) store<f32>(to + 4 * i, load<f32>(from + i) * scale * tile.factor);
}

/**
 * Scores `[R, BLOCK]` of the rows from `row` on, against the block's keys up to `end`, eight positions at a time. Two groups of
 * keys times four rows make eight independent sums, enough to hide an addition's four cycles; each sum runs over the columns in
 * order.
 */
export function scoreFloats<T, R>(tile: Tile, row: u32): void {
  const keys = changetype<T>(0);
  const rows = changetype<R>(0).rows;
  const mask = Masks.half;
  const groupBytes = tile.groupBytes;
  const q = tile.q + row * tile.headBytes;
  const end = q + 4 * tile.headBytes;
  const nPairs = tile.nPairs;
  for (let pair: u32 = 0; pair < nPairs; pair++) {
    let at = tile.keys + 2 * pair * groupBytes;
    let a0 = f32x4.splat(0);
    let a1 = f32x4.splat(0);
    let b0 = f32x4.splat(0);
    let b1 = f32x4.splat(0);
    let c0 = f32x4.splat(0);
    let c1 = f32x4.splat(0);
    let d0 = f32x4.splat(0);
    let d1 = f32x4.splat(0);
    for (let i = q; i < end;) {
      tile.touchNext(128 * keys.bytes);
      for (const stop = min(i + 512, end); i < stop; i += 16) {
        const low = keys.load4(at, mask);
        const high = keys.load4(at + groupBytes, mask);
        at += 4 * keys.bytes;
        const qa = v128.load32_splat(i);
        a0 = f32x4.add(a0, f32x4.mul(low, qa));
        a1 = f32x4.add(a1, f32x4.mul(high, qa));
        if (rows > 1) {
          const qb = v128.load32_splat(i, 4);
          b0 = f32x4.add(b0, f32x4.mul(low, qb));
          b1 = f32x4.add(b1, f32x4.mul(high, qb));
        }
        if (rows > 2) {
          const qc = v128.load32_splat(i, 8);
          c0 = f32x4.add(c0, f32x4.mul(low, qc));
          c1 = f32x4.add(c1, f32x4.mul(high, qc));
        }
        if (rows > 3) {
          const qd = v128.load32_splat(i, 12);
          d0 = f32x4.add(d0, f32x4.mul(low, qd));
          d1 = f32x4.add(d1, f32x4.mul(high, qd));
        }
      }
    }
    const scores = tile.scores + 32 * pair;
    storePair(scores, a0, a1);
    if (rows > 1) storePair(scores + 4 * BLOCK, b0, b1);
    if (rows > 2) storePair(scores + 8 * BLOCK, c0, c1);
    if (rows > 3) storePair(scores + 12 * BLOCK, d0, d1);
  }
}

/**
 * Adds the block's values, times the probabilities in `probs`, to R rows from `row` on. Eight columns at a time, each sum over the
 * positions in order.
 */
export function mixFloats<T, R>(tile: Tile, row: u32): void {
  const type = changetype<T>(0);
  const rows = changetype<R>(0).rows;
  const mask = Masks.half;
  const headBytes = tile.headBytes;
  const rowBytes = tile.rowBytes;
  const values = tile.values + row * headBytes;
  const probs = tile.probs + 16 * (tile.begin - tile.block);
  const n = tile.end - tile.begin;
  let column: u32 = 0;
  for (; column + 32 <= headBytes; column += 32) {
    const a = values + column;
    const b = a + headBytes;
    const c = b + headBytes;
    const d = c + headBytes;
    let a0 = v128.load(a);
    let a1 = v128.load(a, 16);
    let b0 = rows > 1 ? v128.load(b) : a0;
    let b1 = rows > 1 ? v128.load(b, 16) : a1;
    let c0 = rows > 2 ? v128.load(c) : a0;
    let c1 = rows > 2 ? v128.load(c, 16) : a1;
    let d0 = rows > 3 ? v128.load(d) : a0;
    let d1 = rows > 3 ? v128.load(d, 16) : a1;
    let at = tile.cached + (column >> 2) * type.bytes;
    let p = probs;
    tile.touchNext(128 * type.bytes);
    for (let i = n; i > 0; i--) {
      const low = type.load4(at, mask);
      const high = type.load4(at + 4 * type.bytes, mask);
      at += rowBytes;
      const pa = v128.load32_splat(p);
      a0 = f32x4.add(a0, f32x4.mul(low, pa));
      a1 = f32x4.add(a1, f32x4.mul(high, pa));
      if (rows > 1) {
        const pb = v128.load32_splat(p, 4);
        b0 = f32x4.add(b0, f32x4.mul(low, pb));
        b1 = f32x4.add(b1, f32x4.mul(high, pb));
      }
      if (rows > 2) {
        const pc = v128.load32_splat(p, 8);
        c0 = f32x4.add(c0, f32x4.mul(low, pc));
        c1 = f32x4.add(c1, f32x4.mul(high, pc));
      }
      if (rows > 3) {
        const pd = v128.load32_splat(p, 12);
        d0 = f32x4.add(d0, f32x4.mul(low, pd));
        d1 = f32x4.add(d1, f32x4.mul(high, pd));
      }
      p += 16;
    }
    storePair(a, a0, a1);
    if (rows > 1) storePair(b, b0, b1);
    if (rows > 2) storePair(c, c0, c1);
    if (rows > 3) storePair(d, d0, d1);
  }
  if (column < headBytes) mixLastColumns<T>(tile, rows, values + column, tile.cached + (column >> 2) * type.bytes);
}

/** The last four columns, where headDim is no multiple of eight. */
function mixLastColumns<T>(tile: Tile, nRows: u32, values: usize, cached: usize): void {
  const mask = Masks.half;
  for (let row: u32 = 0; row < nRows; row++) {
    const to = values + row * tile.headBytes;
    let at = cached;
    let sum = v128.load(to);
    for (let i = tile.begin - tile.block; i < tile.end - tile.block; i++) {
      const p = v128.load32_splat(tile.probs + 16 * i + 4 * row);
      sum = f32x4.add(sum, f32x4.mul(changetype<T>(0).load4(at, mask), p));
      at += tile.rowBytes;
    }
    v128.store(to, sum);
  }
}
