import { Tile } from './attention_rows';
import { BLOCK, storePair } from './attention_tile';
import { Masks } from './constants';
import { KvLevels } from './kv_levels';

/*
 * Attention over a q8_0 cache, in integers. Both of its halves are the same product, `dot32`: 32 levels of each of up to four
 * rows times 32 levels of eight lanes of the cache.
 *
 *              a row is a token's                           over           a lane is
 *     scores   query, -8191 … 8191 in 32 columns            the columns    a position
 *     values   probability * scale of the value, 0 … 16383  32 positions   a column
 *
 * A row's 32 levels are 64 bytes, the rows of a tile one after the other. Fourteen bits are two digits of a relaxed dot product
 * without a sign, so that the cache's signed levels can be its other operand on every machine; a query is stored as level + 8192.
 *
 *     relaxed build:   | 32 high digits, 0 … 127 | 32 low digits |     stored level = 128 * high + low
 *     plain build:     | 32 levels i16                           |
 */
const ROW_BYTES: u32 = 64;

/** What 32 columns of four rows take: their levels, then a scale f32 each. */
const QUERY_BYTES: u32 = 4 * ROW_BYTES + 16;

/** Rows with nothing larger count as zero: the reciprocal would overflow. */
const TINY: f32 = 1e-30;

/** 1.5 * 2^23: added to a small number, it leaves the nearest integer in the lowest bits. */
const INTEGERS: f32 = 12582912;

/** Quantises a row's query; `from` is `[headDim]`. */
export function loadQueryLevels(tile: Tile, row: u32, from: usize, scale: f32): void {
  let to = queriesOf(tile, row & ~3);
  for (let i: u32 = 0; i < tile.headBytes; i += 128) {
    let bits = i32x4.splat(0); // magnitudes compare as integers, and NaN is the largest
    for (let j: usize = 0; j < 128; j += 16) bits = i32x4.max_u(bits, f32x4.abs(v128.load(from + i + j)));
    const top = largest(bits);
    pack(to + (row & 3) * ROW_BYTES, from + i, top > TINY ? <f32>8191 / top : 0, 8192);
    store<f32>(to + 4 * ROW_BYTES + ((row & 3) << 2), (top / 8191) * scale);
    to += QUERY_BYTES;
  }
}

/** `[headDim / 32]` of QUERY_BYTES. */
function queriesOf(tile: Tile, row: u32): usize {
  return tile.q + (row >> 2) * (tile.headBytes >> 7) * QUERY_BYTES;
}

/** The largest of four non-negative numbers; NaN if there is one. */
function largest(bits: v128): f32 {
  bits = i32x4.max_u(bits, v128.shuffle<i32>(bits, bits, 2, 3, 0, 1));
  bits = i32x4.max_u(bits, v128.shuffle<i32>(bits, bits, 1, 0, 3, 2));
  return f32x4.extract_lane(bits, 0);
}

/** 32 numbers → levels; `bias` is what stored levels of the relaxed build are above the true ones. */
function pack(to: usize, from: usize, perLevel: f32, bias: f32): void {
  const factor = f32x4.splat(perLevel);
  const shift = f32x4.splat(ASC_FEATURE_RELAXED_SIMD ? INTEGERS + bias : INTEGERS);
  for (let i: usize = 0; i < 32; i += 16) {
    const a = eight(from + 4 * i, factor, shift);
    const b = eight(from + 4 * i + 32, factor, shift);
    if (ASC_FEATURE_RELAXED_SIMD) {
      v128.store(to + i, i8x16.narrow_i16x8_u(i16x8.shr_u(a, 7), i16x8.shr_u(b, 7)));
      const low = i16x8.splat(127);
      v128.store(to + i, i8x16.narrow_i16x8_u(v128.and(a, low), v128.and(b, low)), 32);
    } else {
      v128.store(to + 2 * i, a);
      v128.store(to + 2 * i, b, 16);
    }
  }
}

function eight(from: usize, factor: v128, shift: v128): v128 {
  const zero = f32x4.splat(INTEGERS);
  const a = f32x4.add(f32x4.mul(v128.load(from), factor), shift);
  const b = f32x4.add(f32x4.mul(v128.load(from, 16), factor), shift);
  return i16x8.narrow_i32x4_s(i32x4.sub(a, zero), i32x4.sub(b, zero));
}

/** Scores `[R, BLOCK]` of the rows from `row` on, against a whole block of keys, seen or not. */
export function scoreLevels<R>(tile: Tile, row: u32): void {
  const rows = changetype<R>(0).rows;
  const groupBytes = tile.groupBytes;
  const headBytes = tile.headBytes;
  const sums = tile.sums;
  const bias = Masks.byte(0x40);
  for (let pair: u32 = 0; pair < BLOCK / 8; pair++) {
    const scores = tile.scores + 32 * pair;
    let keys = tile.keys + 2 * pair * groupBytes; // eight positions: blocks at `keys` and groupBytes behind
    let q = queriesOf(tile, row);
    storePair(scores, f32x4.splat(0), f32x4.splat(0));
    if (rows > 1) storePair(scores + 4 * BLOCK, f32x4.splat(0), f32x4.splat(0));
    if (rows > 2) storePair(scores + 8 * BLOCK, f32x4.splat(0), f32x4.splat(0));
    if (rows > 3) storePair(scores + 12 * BLOCK, f32x4.splat(0), f32x4.splat(0));
    for (let i: u32 = 0; i < headBytes; i += 128) {
      const levels = keys + KvLevels.levels;
      dot32<R>(sums, q, levels, groupBytes, 16, biasOf(levels, bias), biasOf(levels + groupBytes, bias));
      const low = v128.load(keys);
      const high = v128.load(keys + groupBytes);
      const scales = q + 4 * ROW_BYTES;
      addScores(scores, sums, low, high, v128.load32_splat(scales));
      if (rows > 1) addScores(scores + 4 * BLOCK, sums + 32, low, high, v128.load32_splat(scales, 4));
      if (rows > 2) addScores(scores + 8 * BLOCK, sums + 64, low, high, v128.load32_splat(scales, 8));
      if (rows > 3) addScores(scores + 12 * BLOCK, sums + 96, low, high, v128.load32_splat(scales, 12));
      keys += KvLevels.blockBytes;
      q += QUERY_BYTES;
    }
  }
}

/** Adds eight sums times the scales of keys and query. */
function addScores(to: usize, sums: usize, low: v128, high: v128, scale: v128): void {
  const a = f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums)), f32x4.mul(low, scale));
  const b = f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums, 16)), f32x4.mul(high, scale));
  storePair(to, f32x4.add(v128.load(to), a), f32x4.add(v128.load(to, 16), b));
}

/** What sums of high digits begin with: -64 * the sums of the cache's levels, because stored levels are 64 * 128 too large. */
function biasOf(levels: usize, bias: v128): v128 {
  let sum = i32x4.splat(0);
  if (ASC_FEATURE_RELAXED_SIMD) {
    for (let i: usize = 0; i < 128; i += 16) {
      sum = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(levels + i), bias, sum);
    }
  }
  return i32x4.neg(sum);
}

/** Adds the block's values, times the probabilities in `scores`, to R rows from `row` on. */
export function mixLevels<R>(tile: Tile, row: u32): void {
  const rows = changetype<R>(0).rows;
  const groupBytes = tile.groupBytes;
  const headBytes = tile.headBytes;
  const sums = tile.sums;
  const words = tile.words;
  const zero = i32x4.splat(0);
  let values = tile.values + row * headBytes;
  let block = tile.cached;
  for (let i: u32 = 0; i < headBytes; i += 128) {
    loadScales(tile, block);
    for (let r: u32 = 0; r < rows; r++) weighValues(tile, r);
    const scales = words + 4 * ROW_BYTES;
    for (let c: u32 = 0; c < 128; c += 32) {
      dot32<R>(sums, words, block + KvLevels.levels + c, 16, groupBytes, zero, zero);
      addValues(values, sums, v128.load32_splat(scales));
      if (rows > 1) addValues(values + headBytes, sums + 32, v128.load32_splat(scales, 4));
      if (rows > 2) addValues(values + 2 * headBytes, sums + 64, v128.load32_splat(scales, 8));
      if (rows > 3) addValues(values + 3 * headBytes, sums + 96, v128.load32_splat(scales, 12));
      values += 32;
    }
    block += KvLevels.blockBytes;
  }
}

/** Adds eight sums times their scale. */
function addValues(to: usize, sums: usize, scale: v128): void {
  const a = f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums)), scale);
  const b = f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums, 16)), scale);
  storePair(to, f32x4.add(v128.load(to), a), f32x4.add(v128.load(to, 16), b));
}

/** The values' scales by position; those of positions that no row sees, which may be anything, become 0. */
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
  pack(tile.words + r * ROW_BYTES, tile.weights, top > TINY ? <f32>16383 / top : 0, 0);
  store<f32>(tile.words + 4 * ROW_BYTES + 4 * r, top / 16383);
}

/**
 * Sums i32 `[R, 8]` at `to`: rows' levels `[R]` at `words` times the lanes at `a` and, `apart` behind, four more. Their groups
 * lie `step` bytes apart. Sums begin with `biasA` and `biasB`, which count 128 fold.
 */
function dot32<R>(to: usize, words: usize, a: usize, apart: usize, step: usize, biasA: v128, biasB: v128): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    dotDigits<R>(to, words, a, apart, step, biasA, biasB);
  } else {
    dotWords<R>(to, words, a, step);
    dotWords<R>(to + 16, words, a + apart, step);
  }
}

/** High digits first; then their sums are shifted, and low digits come on top. */
function dotDigits<R>(to: usize, words: usize, a: usize, apart: usize, step: usize, biasA: v128, biasB: v128): void {
  const rows = changetype<R>(0).rows;
  let a0 = biasA;
  let a1 = biasB;
  let b0 = biasA;
  let b1 = biasB;
  let c0 = biasA;
  let c1 = biasB;
  let d0 = biasA;
  let d1 = biasB;
  let word = words;
  let end = words + 32;
  while (true) {
    for (let at = a; word < end; word += 4) {
      const low = v128.load(at);
      const high = v128.load(at + apart);
      at += step;
      const wa = v128.load32_splat(word);
      a0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(low, wa, a0);
      a1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(high, wa, a1);
      if (rows > 1) {
        const wb = v128.load32_splat(word, ROW_BYTES);
        b0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(low, wb, b0);
        b1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(high, wb, b1);
      }
      if (rows > 2) {
        const wc = v128.load32_splat(word, 2 * ROW_BYTES);
        c0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(low, wc, c0);
        c1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(high, wc, c1);
      }
      if (rows > 3) {
        const wd = v128.load32_splat(word, 3 * ROW_BYTES);
        d0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(low, wd, d0);
        d1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(high, wd, d1);
      }
    }
    if (end > words + 32) break;
    end += 32;
    a0 = i32x4.shl(a0, 7);
    a1 = i32x4.shl(a1, 7);
    b0 = i32x4.shl(b0, 7);
    b1 = i32x4.shl(b1, 7);
    c0 = i32x4.shl(c0, 7);
    c1 = i32x4.shl(c1, 7);
    d0 = i32x4.shl(d0, 7);
    d1 = i32x4.shl(d1, 7);
  }
  storePair(to, a0, a1);
  if (rows > 1) storePair(to + 32, b0, b1);
  if (rows > 2) storePair(to + 64, c0, c1);
  if (rows > 3) storePair(to + 96, d0, d1);
}

/** Four lanes of R rows: products of two levels each stand in a lane of their own, and are added up at the end. */
function dotWords<R>(to: usize, words: usize, a: usize, step: usize): void {
  const rows = changetype<R>(0).rows;
  let a0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let b0 = i32x4.splat(0);
  let b1 = i32x4.splat(0);
  let c0 = i32x4.splat(0);
  let c1 = i32x4.splat(0);
  let d0 = i32x4.splat(0);
  let d1 = i32x4.splat(0);
  for (let word = words; word < words + ROW_BYTES; word += 8) {
    const group = v128.load(a);
    const low = i16x8.extend_low_i8x16_s(group); // four levels of lane 0, four of lane 1
    const high = i16x8.extend_high_i8x16_s(group);
    a += step;
    const wa = v128.load64_splat(word);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(low, wa));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(high, wa));
    if (rows > 1) {
      const wb = v128.load64_splat(word, ROW_BYTES);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(low, wb));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(high, wb));
    }
    if (rows > 2) {
      const wc = v128.load64_splat(word, 2 * ROW_BYTES);
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(low, wc));
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(high, wc));
    }
    if (rows > 3) {
      const wd = v128.load64_splat(word, 3 * ROW_BYTES);
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(low, wd));
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(high, wd));
    }
  }
  v128.store(to, pairs(a0, a1));
  if (rows > 1) v128.store(to + 32, pairs(b0, b1));
  if (rows > 2) v128.store(to + 64, pairs(c0, c1));
  if (rows > 3) v128.store(to + 96, pairs(d0, d1));
}

function pairs(low: v128, high: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.shuffle<i32>(low, high, 1, 3, 5, 7));
}
