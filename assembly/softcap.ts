import { Lanes } from './lib/math';
import { Record } from './lib/record';

@unmanaged
class SoftcapRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  cols: u32;
  cap: f32;
}

/** out = cap * tanh(x / cap); an item is a row. */
export function softcap(record: SoftcapRecord, begin: u32, end: u32): void {
  const first = (begin * record.cols) << 2;
  const bytes = ((end - begin) * record.cols) << 2;
  const out = record.out + first;
  const x = record.x + first;
  const cap = f32x4.splat(record.cap);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, Lanes.cap(v128.load(x + i), cap));
  for (; i < bytes; i += 4) v128.store_lane<f32>(out + i, Lanes.cap(v128.load32_zero(x + i), cap), 0);
}
