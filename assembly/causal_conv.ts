import { Lanes } from './lib/math';
import { Record } from './lib/record';
import { scratch } from './lib/scratch';

@unmanaged
class CausalConvRecord extends Record {
  out: usize; // [nTokens, cols]
  x: usize; // [nTokens, cols]
  taps: usize; // [cols, nTaps]
  tail: usize; // [nTaps - 1, cols]
  bias: usize; // [cols]; 0: none
  cols: u32;
  nTaps: u32;
  silu: u32;

  /** The row that `t` stands for: of the tail, and behind it of x. */
  @inline
  rowAt(t: u32): usize {
    const nTail = this.nTaps - 1;
    return t < nTail ? this.tail + t * (this.cols << 2) : this.x + (t - nTail) * (this.cols << 2);
  }
}

/** Columns of an item: its taps stay in the L1 cache. */
const ITEM_COLUMNS: u32 = 128;

/** In scratch memory: an item's taps, tap by tap. */
export function causal_conv_scratch_bytes(record: CausalConvRecord): u32 {
  return (record.nTaps * ITEM_COLUMNS) << 2;
}

export function causal_conv_items(record: CausalConvRecord): u32 {
  return (record.cols + ITEM_COLUMNS - 1) / ITEM_COLUMNS;
}

/**
 * A short convolution of each column, see src/ops/causal_conv.ts: bias + Σ taps x, from the first tap to the last. An item is a block
 * of columns, and takes all tokens of the step.
 */
export function causal_conv(record: CausalConvRecord, begin: u32, end: u32): void {
  const nTokens = record.step.nTokens;
  for (let item = begin; item < end; item++) {
    const first = item * ITEM_COLUMNS;
    const bytes = min(ITEM_COLUMNS, record.cols - first) << 2;
    tapsByTap(record, first, bytes);
    for (let t: u32 = 0; t < nTokens; t++) convolve(record, t, first << 2, bytes);
    for (let i: u32 = 0; i + 1 < record.nTaps; i++) {
      memory.copy(record.tail + i * (record.cols << 2) + (first << 2), record.rowAt(nTokens + i) + (first << 2), bytes);
    }
  }
}

function tapsByTap(record: CausalConvRecord, first: u32, bytes: usize): void {
  const tapBytes = record.nTaps << 2;
  let from = record.taps + first * tapBytes;
  for (let c: usize = 0; c < bytes; c += 4, from += tapBytes) {
    let to = scratch() + c;
    for (let j: usize = 0; j < tapBytes; j += 4, to += ITEM_COLUMNS << 2) store<u32>(to, load<u32>(from + j));
  }
}

/** A token's part of an item: the columns that begin `first` bytes from the beginning of a row. */
function convolve(record: CausalConvRecord, t: u32, first: usize, bytes: usize): void {
  const out = record.out + t * (record.cols << 2) + first;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    let sum = record.bias ? v128.load(record.bias + first + i) : f32x4.splat(0);
    for (let j: u32 = 0; j < record.nTaps; j++) {
      const taps = v128.load(scratch() + j * (ITEM_COLUMNS << 2) + i);
      sum = f32x4.add(sum, f32x4.mul(taps, v128.load(record.rowAt(t + j) + first + i)));
    }
    v128.store(out + i, record.silu ? Lanes.gate(sum, sum) : sum);
  }
  for (; i < bytes; i += 4) {
    let sum: f32 = record.bias ? load<f32>(record.bias + first + i) : 0;
    for (let j: u32 = 0; j < record.nTaps; j++) {
      sum += load<f32>(scratch() + j * (ITEM_COLUMNS << 2) + i) * load<f32>(record.rowAt(t + j) + first + i);
    }
    store<f32>(out + i, record.silu ? f32x4.extract_lane(Lanes.gate(f32x4.splat(sum), f32x4.splat(sum)), 0) : sum);
  }
}
