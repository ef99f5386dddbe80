import { Record } from './lib/record';

@unmanaged
class ReluSquaredRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  cols: u32;

  /** A NaN is not less than 0, and stays one. */
  @inline
  static of(x: v128): v128 {
    const positive = f32x4.pmax(x, f32x4.splat(0));
    return f32x4.mul(positive, positive);
  }
}

/** out = max(0, x)²; an item is a row. */
export function relu_squared(record: ReluSquaredRecord, begin: u32, end: u32): void {
  const first = (begin * record.cols) << 2;
  const bytes = ((end - begin) * record.cols) << 2;
  const out = record.out + first;
  const x = record.x + first;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, ReluSquaredRecord.of(v128.load(x + i)));
  for (; i < bytes; i += 4) v128.store_lane<f32>(out + i, ReluSquaredRecord.of(v128.load32_zero(x + i)), 0);
}
