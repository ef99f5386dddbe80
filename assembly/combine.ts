import { addTimes } from './lib/add_times';
import { Record } from './lib/record';

@unmanaged
class CombineRecord extends Record {
  out: usize; // [nRows, cols]
  coefs: usize; // [nRows, nCoefs]
  x0: usize; // [nRows, cols]
  x1: usize; // the same, or 0: none from here on
  x2: usize;
  x3: usize;
  nCoefs: u32;
  cols: u32;
  first: u32;
}

/** out = the sum of coefs[first + j] * xj, in the order of j; an item is a row. */
export function combine(record: CombineRecord, begin: u32, end: u32): void {
  const bytes = record.cols << 2;
  for (let row = begin; row < end; row++) {
    const coefs = record.coefs + ((row * record.nCoefs + record.first) << 2);
    const at = row * bytes;
    const out = record.out + at;
    memory.fill(out, 0, bytes);
    addTimes(out, record.x0 + at, load<f32>(coefs), bytes);
    if (record.x1) addTimes(out, record.x1 + at, load<f32>(coefs, 4), bytes);
    if (record.x2) addTimes(out, record.x2 + at, load<f32>(coefs, 8), bytes);
    if (record.x3) addTimes(out, record.x3 + at, load<f32>(coefs, 12), bytes);
  }
}
