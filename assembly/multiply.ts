import { Record } from './lib/record';

@unmanaged
class MultiplyRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  weight: usize; // [cols], or [nRows, cols]
  cols: u32;
  stride: u32; // from a row of weights to the next: 0 where all rows have the same
}

/** out = x * weight; an item is a row. */
export function multiply(record: MultiplyRecord, begin: u32, end: u32): void {
  const bytes = record.cols << 2;
  for (let row = begin; row < end; row++) {
    const x = record.x + row * bytes;
    const out = record.out + row * bytes;
    const weight = record.weight + 4 * row * record.stride;
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(x + i), v128.load(weight + i)));
    for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) * load<f32>(weight + i));
  }
}
