import { Activations, Exact, Fast, Words } from './lib/activations';
import { Block32 } from './lib/layout';
import { Block256 } from './lib/super_layout';
import { Record } from './lib/record';
import { scratch } from './lib/scratch';

@unmanaged
export class QuantizeRecord extends Record {
  out: usize; // [nRows, ⌈cols / 32⌉, cols / 128 or cols / 256] blocks of lib/activations.ts
  x: usize; // [nRows, cols]
  cols: u32;
}

/** Bytes of `out` for that many rows, with `span` columns in a block; those of fast ones take no more. */
export function activations_bytes(nRows: u32, cols: u32, span: u32): u32 {
  const single = changetype<Activations<Block32, Exact>>(0);
  const large = changetype<Activations<Block256, Exact>>(0);
  const behind = span == 32 ? single.bytes - single.scale : large.bytes - large.scale;
  return nRows * ((cols + span - 1) / span) * (2 * span + behind);
}

function rowBytes<Q, A>(cols: u32): u32 {
  const block = changetype<Activations<Q, A>>(0);
  return ((cols + block.cols - 1) / block.cols) * block.bytes;
}

/** Activations → 15-bit levels, 32 to a scale, in the form that this build's products want; an item is a row. */
export function quantize_activations_32(record: QuantizeRecord, begin: u32, end: u32): void {
  quantize<Block32, Exact>(record, begin, end);
}

/** The same with 256 to a scale. */
export function quantize_activations_256(record: QuantizeRecord, begin: u32, end: u32): void {
  quantize<Block256, Exact>(record, begin, end);
}

/** 8-bit levels, 32 to a scale. */
export function quantize_activations_32_fast(record: QuantizeRecord, begin: u32, end: u32): void {
  quantize<Block32, Fast>(record, begin, end);
}

/** The same with 256 to a scale. */
export function quantize_activations_256_fast(record: QuantizeRecord, begin: u32, end: u32): void {
  quantize<Block256, Fast>(record, begin, end);
}

/** 15-bit levels, 32 to a scale, in the plain build's form, which products with 16-bit weights want in either build. */
export function quantize_activations_i16(record: QuantizeRecord, begin: u32, end: u32): void {
  quantize<Block32, Words>(record, begin, end);
}

/** Columns that are missing in a row's last block count as zero; only 16-bit weights have such rows. */
export function quantize<Q, A>(record: QuantizeRecord, begin: u32, end: u32): void {
  const block = changetype<Activations<Q, A>>(0);
  let x = record.x + 4 * begin * record.cols;
  let out = record.out + begin * rowBytes<Q, A>(record.cols);
  const rest = record.cols % block.cols;
  for (let row = begin; row < end; row++) {
    for (const whole = x + 4 * (record.cols - rest); x < whole; x += 4 * block.cols, out += block.bytes) {
      quantizeBlock<Q, A>(x, out);
    }
    if (!rest) continue;
    memory.fill(scratch(), 0, 4 * block.cols);
    memory.copy(scratch(), x, 4 * rest);
    quantizeBlock<Q, A>(scratch(), out);
    x += 4 * rest;
    out += block.bytes;
  }
}

/** Blocks that hold nothing larger count as zero: the reciprocal would overflow. */
const TINY: f32 = 1e-30;

/** Activations as large as that count as infinite: a scale times 2^112, what a half's scale lacks, would overflow. */
const HUGE: f32 = 1e9;

/**
 * scale = amax / 16256, or 127 for fast ones; levels are rounded to nearest, ties to even. A NaN or an infinity makes the scale one too: it must not
 * get lost.
 */
function quantizeBlock<Q, A>(x: usize, out: usize): void {
  const block = changetype<Activations<Q, A>>(0);
  let max = f32x4.abs(v128.load(x));
  for (let i: u32 = 4; i < block.cols; i += 4) max = f32x4.max(max, f32x4.abs(v128.load(x + 4 * i)));
  max = f32x4.max(max, v128.shuffle<f32>(max, max, 2, 3, 0, 1));
  max = f32x4.max(max, v128.shuffle<f32>(max, max, 1, 0, 3, 2));
  const amax = f32x4.extract_lane(max, 0);
  const most = changetype<A>(0).largest;
  const scale = amax < HUGE ? amax / most : amax * <f32>Infinity;
  const inverse = f32x4.splat(amax > TINY ? most / amax : 0);

  store<f32>(out + block.scale, scale);
  const sums = out + block.scale + (block.cols == 32 ? 8 : 4);
  for (let i: u32 = 0; i < block.cols / 32; i++) {
    const from = x + 128 * i;
    const to = out + i * block.bytes32;
    const sum0 = half<A>(from, to, inverse);
    const sum1 = half<A>(from + 64, to + block.planeBytes / 2, inverse);
    store<i32>(sums + 4 * i, -(sum0 + sum1));
    if (block.cols == 32) {
      store<f32>(out + block.scaledSum, scale * <f32>(sum0 + sum1));
    } else {
      store<i32>(sums + 32 + 8 * i, -sum0);
      store<i32>(sums + 32 + 8 * i, -sum1, 4);
    }
  }
}

/** 16 levels, and their sum. */
function half<A>(x: usize, out: usize, inverse: v128): i32 {
  const digits = changetype<A>(0).digits;
  const a = i16x8.narrow_i32x4_s(levels(x, inverse), levels(x + 16, inverse));
  const b = i16x8.narrow_i32x4_s(levels(x + 32, inverse), levels(x + 48, inverse));
  if (digits == 2) {
    const high = i8x16.narrow_i16x8_s(i16x8.shr_s(a, 7), i16x8.shr_s(b, 7));
    const low = i8x16.narrow_i16x8_s(v128.and(a, i16x8.splat(127)), v128.and(b, i16x8.splat(127)));
    v128.store(out, high);
    v128.store(out, low, 32);
  } else if (digits == 1) {
    v128.store(out, i8x16.narrow_i16x8_s(a, b));
  } else {
    v128.store(out, a);
    v128.store(out, b, 16);
  }
  let sum = i32x4.add(i32x4.extadd_pairwise_i16x8_s(a), i32x4.extadd_pairwise_i16x8_s(b));
  sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
  return i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1);
}

function levels(x: usize, inverse: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x), inverse)));
}
