import { Record } from './lib/record';
import { squares } from './lib/row_sums';

@unmanaged
class MatchSizeRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  other: usize; // [nRows, cols]
  cols: u32;
}

/** out = x * |other| / |x|; an item is a row. */
export function match_size(record: MatchSizeRecord, begin: u32, end: u32): void {
  const bytes = record.cols << 2;
  for (let row = begin; row < end; row++) {
    const x = record.x + row * bytes;
    const out = record.out + row * bytes;
    const factor = sqrt<f32>(squares(record.other + row * bytes, bytes, 0) / squares(x, bytes, 0));
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(x + i), f32x4.splat(factor)));
    for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) * factor);
  }
}
