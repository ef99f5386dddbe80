import { Record } from './lib/record';
import { squares, sum } from './lib/row_sums';

@unmanaged
class SparsifyRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  cols: u32;
  deviations: f32;
}

/** out = what of x lies above its mean and so many standard deviations; an item is a row. */
export function sparsify(record: SparsifyRecord, begin: u32, end: u32): void {
  const bytes = record.cols << 2;
  for (let row = begin; row < end; row++) {
    const x = record.x + row * bytes;
    const out = record.out + row * bytes;
    const mean = sum(x, bytes) / <f32>record.cols;
    const least = mean + record.deviations * sqrt<f32>(squares(x, bytes, mean) / <f32>(record.cols - 1));
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) {
      const above = f32x4.sub(v128.load(x + i), f32x4.splat(least));
      v128.store(out + i, f32x4.max(above, f32x4.splat(0)));
    }
    for (; i < bytes; i += 4) store<f32>(out + i, max<f32>(load<f32>(x + i) - least, 0));
  }
}
