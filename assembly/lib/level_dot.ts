import { Four, One, Three, Two } from './row_counts';

/*
 * Products of 8-bit levels of a q8_0 cache with 14-bit levels of up to four rows, exact in integers. A row's 32 levels are 64
 * bytes, the rows of a tile one after the other. Fourteen bits are two digits without a sign, so that the cache's signed
 * levels can be the other operand of a relaxed dot product on every machine. Where rows have a sign, level + 8192 is stored.
 *
 *     relaxed build:   | 32 high digits, 0 … 127 | 32 low digits |     stored level = 128 * high + low
 *     plain build:     | 32 levels i16                           |
 */
export const ROW_BYTES: u32 = 64;

/** Rows with nothing larger count as zero: the reciprocal would overflow. */
const TINY: f32 = 1e-30;

/** 1.5 * 2^23: added to a small number, it leaves the nearest integer in the lowest bits. */
const INTEGERS: f32 = 12582912;

/** Levels per unit, where `top` becomes level `most`. */
export function perLevel(most: f32, top: f32): f32 {
  return top > TINY ? most / top : 0;
}

/** The largest of four non-negative numbers; NaN if there is one. */
export function largest(bits: v128): f32 {
  bits = i32x4.max_u(bits, v128.shuffle<i32>(bits, bits, 2, 3, 0, 1));
  bits = i32x4.max_u(bits, v128.shuffle<i32>(bits, bits, 1, 0, 3, 2));
  return f32x4.extract_lane(bits, 0);
}

/** 32 numbers → levels. Stored levels of the relaxed build are `bias` above the true ones. */
export function pack(to: usize, from: usize, inverse: f32, bias: f32): void {
  const factor = f32x4.splat(inverse);
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

/** Sums of high digits begin with -64 * the sums of the cache's levels, because stored levels are 64 * 128 too large. */
export function biasOf(levels: usize, bias: v128): v128 {
  let sum = i32x4.splat(0);
  if (ASC_FEATURE_RELAXED_SIMD) {
    for (let i: usize = 0; i < 128; i += 16) {
      sum = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(levels + i), bias, sum);
    }
  }
  return i32x4.neg(sum);
}

/**
 * Adds to numbers `[nRows, 8]` at `to`, rows `rowBytes` apart: rows' levels `[nRows]` at `words` times the lanes at `a` and, `apart` behind,
 * four more; times the row's scale, which lies behind the levels of four rows, and the lanes' own, `low` and `high`. Groups of levels
 * lie `step` bytes apart. Sums begin with `biasA` and `biasB`, which count 128 fold.
 */
export function addDots(
  nRows: u32,
  to: usize,
  rowBytes: u32,
  words: usize,
  a: usize,
  apart: usize,
  step: usize,
  biasA: v128,
  biasB: v128,
  low: v128,
  high: v128,
): void {
  if (nRows > 3) addRows<Four>(to, rowBytes, words, a, apart, step, biasA, biasB, low, high);
  else if (nRows > 2) addRows<Three>(to, rowBytes, words, a, apart, step, biasA, biasB, low, high);
  else if (nRows > 1) addRows<Two>(to, rowBytes, words, a, apart, step, biasA, biasB, low, high);
  else addRows<One>(to, rowBytes, words, a, apart, step, biasA, biasB, low, high);
}

function addRows<R>(
  to: usize,
  rowBytes: u32,
  words: usize,
  a: usize,
  apart: usize,
  step: usize,
  biasA: v128,
  biasB: v128,
  low: v128,
  high: v128,
): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    addDigits<R>(to, rowBytes, words, a, apart, step, biasA, biasB, low, high);
  } else {
    addWords<R>(to, rowBytes, words, a, step, low);
    addWords<R>(to + 16, rowBytes, words, a + apart, step, high);
  }
}

/** Adds four sums times their row's scale, at `scale`, and their own. */
function addSums(to: usize, sums: v128, scale: usize, own: v128): void {
  const scales = f32x4.mul(own, v128.load32_splat(scale));
  v128.store(to, f32x4.add(v128.load(to), f32x4.mul(f32x4.convert_i32x4_s(sums), scales)));
}

/** High digits first; then their sums are shifted, and low digits come on top. */
function addDigits<R>(
  to: usize,
  rowBytes: u32,
  words: usize,
  a: usize,
  apart: usize,
  step: usize,
  biasA: v128,
  biasB: v128,
  low: v128,
  high: v128,
): void {
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
      const levels = v128.load(at);
      const others = v128.load(at + apart);
      at += step;
      const wa = v128.load32_splat(word);
      a0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(levels, wa, a0);
      a1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(others, wa, a1);
      if (rows > 1) {
        const wb = v128.load32_splat(word, ROW_BYTES);
        b0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(levels, wb, b0);
        b1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(others, wb, b1);
      }
      if (rows > 2) {
        const wc = v128.load32_splat(word, 2 * ROW_BYTES);
        c0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(levels, wc, c0);
        c1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(others, wc, c1);
      }
      if (rows > 3) {
        const wd = v128.load32_splat(word, 3 * ROW_BYTES);
        d0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(levels, wd, d0);
        d1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(others, wd, d1);
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
  const scales = words + 4 * ROW_BYTES;
  addSums(to, a0, scales, low);
  addSums(to + 16, a1, scales, high);
  if (rows > 1) addSums(to + rowBytes, b0, scales + 4, low);
  if (rows > 1) addSums(to + rowBytes + 16, b1, scales + 4, high);
  if (rows > 2) addSums(to + 2 * rowBytes, c0, scales + 8, low);
  if (rows > 2) addSums(to + 2 * rowBytes + 16, c1, scales + 8, high);
  if (rows > 3) addSums(to + 3 * rowBytes, d0, scales + 12, low);
  if (rows > 3) addSums(to + 3 * rowBytes + 16, d1, scales + 12, high);
}

/** Four lanes of R rows: products of two levels each stand in a lane of their own, and are added up at the end. */
function addWords<R>(to: usize, rowBytes: u32, words: usize, a: usize, step: usize, own: v128): void {
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
  const scales = words + 4 * ROW_BYTES;
  addSums(to, pairs(a0, a1), scales, own);
  if (rows > 1) addSums(to + rowBytes, pairs(b0, b1), scales + 4, own);
  if (rows > 2) addSums(to + 2 * rowBytes, pairs(c0, c1), scales + 8, own);
  if (rows > 3) addSums(to + 3 * rowBytes, pairs(d0, d1), scales + 12, own);
}

function pairs(low: v128, high: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.shuffle<i32>(low, high, 1, 3, 5, 7));
}
