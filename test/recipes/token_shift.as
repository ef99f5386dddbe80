import { Record } from './lib/record';

@unmanaged
class TokenShiftRecord extends Record {
  out: usize; // [nTokens, cols]
  x: usize; // [nTokens, cols]
  share: usize; // [cols]
  last: usize; // [1, cols]
  cols: u32;
}

/** An item is a column, whose last number nobody else reads. */
export function token_shift(record: TokenShiftRecord, begin: u32, end: u32): void {
  const nTokens = record.step.nTokens;
  for (let c = begin; c < end; c++) {
    const share = load<f32>(record.share + 4 * c);
    let last = load<f32>(record.last + 4 * c);
    for (let t: u32 = 0; t < nTokens; t++) {
      const at = 4 * (t * record.cols + c);
      const now = load<f32>(record.x + at);
      store<f32>(record.out + at, now + share * (last - now));
      last = now;
    }
    store<f32>(record.last + 4 * c, last);
  }
}

export function token_shift_items(record: TokenShiftRecord): u32 {
  return record.cols;
}
