import { Record } from './lib/record';

@unmanaged
class CausalConvRecord extends Record {
  out: usize; // [nTokens, cols]
  x: usize; // [nTokens, cols]
  taps: usize; // [cols, nTaps]
  tail: usize; // [nTaps - 1, cols]
  cols: u32;
  nTaps: u32;
}

/** An item is a column, whose tail nobody else reads. */
export function causal_conv(record: CausalConvRecord, begin: u32, end: u32): void {
  const nTokens = record.step.nTokens;
  const nTail = record.nTaps - 1;
  for (let c = begin; c < end; c++) {
    for (let t: u32 = 0; t < nTokens; t++) {
      let sum: f32 = 0;
      for (let j: u32 = 0; j <= nTail; j++) sum += load<f32>(record.taps + 4 * (c * record.nTaps + j)) * row(record, t + j, c);
      store<f32>(record.out + 4 * (t * record.cols + c), sum);
    }
    for (let i: u32 = 0; i < nTail; i++) {
      store<f32>(record.tail + 4 * (i * record.cols + c), row(record, nTokens + i, c));
    }
  }
}

/** A row of the tail, and behind it those of x. */
function row(record: CausalConvRecord, i: u32, c: u32): f32 {
  const nTail = record.nTaps - 1;
  const at = i < nTail ? record.tail + 4 * i * record.cols : record.x + 4 * (i - nTail) * record.cols;
  return load<f32>(at + 4 * c);
}

export function causal_conv_items(record: CausalConvRecord): u32 {
  return record.cols;
}
