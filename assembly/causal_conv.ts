import { Lanes } from './lib/math';
import { Record } from './lib/record';
import { Four, One, Three, Two } from './lib/row_counts';
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

  /** A row of the tail, and behind it of x. */
  rowAt(i: u32): usize {
    const rowBytes = this.cols << 2;
    const nTail = this.nTaps - 1;
    return i < nTail ? this.tail + i * rowBytes : this.x + (i - nTail) * rowBytes;
  }
}

/** Columns of an item: its taps and the rows that they meet stay in the L1 cache. */
const ITEM_COLUMNS: u32 = 128;
const ITEM_BYTES: usize = 4 * ITEM_COLUMNS;

/** In scratch memory: an item's taps, tap by tap. */
export function causal_conv_scratch_bytes(record: CausalConvRecord): u32 {
  return record.nTaps * ITEM_BYTES;
}

export function causal_conv_items(record: CausalConvRecord): u32 {
  return (record.cols + ITEM_COLUMNS - 1) / ITEM_COLUMNS;
}

/**
 * The convolution of src/ops/causal_conv.ts: bias + taps · x, from the first tap to the last. An item is a block of columns, and takes
 * all tokens of the step, which has one text.
 */
export function causal_conv(record: CausalConvRecord, begin: u32, end: u32): void {
  const nTaps = record.nTaps;
  const nTokens = record.step.nTokens;
  const rowBytes = record.cols << 2;
  for (let item = begin; item < end; item++) {
    const first = item * ITEM_BYTES;
    const bytes = min(ITEM_BYTES, rowBytes - first);
    sortTaps(record.taps + first * nTaps, nTaps << 2, bytes);
    for (let t: u32 = 0; t < nTokens; t++) {
      for (let tap: u32 = 0; tap < nTaps; tap += 4) {
        const nLeft = nTaps - tap;
        if (nLeft == 1) convolve<One>(record, t, tap, first, bytes);
        else if (nLeft == 2) convolve<Two>(record, t, tap, first, bytes);
        else if (nLeft == 3) convolve<Three>(record, t, tap, first, bytes);
        else convolve<Four>(record, t, tap, first, bytes);
      }
    }
    for (let i: u32 = 0; i + 1 < nTaps; i++) {
      memory.copy(record.tail + i * rowBytes + first, record.rowAt(nTokens + i) + first, bytes);
    }
  }
}

/** An item's taps, from column by column to tap by tap. */
function sortTaps(from: usize, tapBytes: usize, bytes: usize): void {
  let to = scratch();
  for (const end = from + tapBytes; from < end; from += 4, to += ITEM_BYTES) {
    let at = from;
    for (let c: usize = 0; c < bytes; c += 4, at += tapBytes) store<u32>(to + c, load<u32>(at));
  }
}

/** As many taps of a token as T has rows, on top of those before; `first` and `bytes` are the item's part of a row. */
function convolve<T>(record: CausalConvRecord, t: u32, tap: u32, first: usize, bytes: usize): void {
  const n = changetype<T>(0).rows;
  const out = record.out + t * (record.cols << 2) + first;
  const from = tap ? out : record.bias ? record.bias + first : 0;
  const silu = record.silu && tap + n == record.nTaps;
  const taps = scratch() + tap * ITEM_BYTES;
  const x0 = record.rowAt(t + tap) + first;
  const x1 = n > 1 ? record.rowAt(t + tap + 1) + first : 0;
  const x2 = n > 2 ? record.rowAt(t + tap + 2) + first : 0;
  const x3 = n > 3 ? record.rowAt(t + tap + 3) + first : 0;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    let sum = from ? v128.load(from + i) : f32x4.splat(0);
    sum = f32x4.add(sum, f32x4.mul(v128.load(taps + i), v128.load(x0 + i)));
    if (n > 1) sum = f32x4.add(sum, f32x4.mul(v128.load(taps + i, ITEM_BYTES), v128.load(x1 + i)));
    if (n > 2) sum = f32x4.add(sum, f32x4.mul(v128.load(taps + i, 2 * ITEM_BYTES), v128.load(x2 + i)));
    if (n > 3) sum = f32x4.add(sum, f32x4.mul(v128.load(taps + i, 3 * ITEM_BYTES), v128.load(x3 + i)));
    v128.store(out + i, silu ? Lanes.gate(sum, sum) : sum);
  }
  for (; i < bytes; i += 4) {
    let sum: f32 = from ? load<f32>(from + i) : 0;
    sum += load<f32>(taps + i) * load<f32>(x0 + i);
    if (n > 1) sum += load<f32>(taps + i, ITEM_BYTES) * load<f32>(x1 + i);
    if (n > 2) sum += load<f32>(taps + i, 2 * ITEM_BYTES) * load<f32>(x2 + i);
    if (n > 3) sum += load<f32>(taps + i, 3 * ITEM_BYTES) * load<f32>(x3 + i);
    const lanes = f32x4.splat(sum);
    store<f32>(out + i, silu ? f32x4.extract_lane(Lanes.gate(lanes, lanes), 0) : sum);
  }
}
