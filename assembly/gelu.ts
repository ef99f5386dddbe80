import { Lanes } from './lib/math';
import { Record } from './lib/record';

@unmanaged
class GeluRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  cols: u32;
}

/** out = gelu(x); an item is a row. */
export function gelu(record: GeluRecord, begin: u32, end: u32): void {
  const first = (begin * record.cols) << 2;
  const bytes = ((end - begin) * record.cols) << 2;
  const out = record.out + first;
  const x = record.x + first;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, Lanes.gelu(v128.load(x + i)));
  for (; i < bytes; i += 4) v128.store_lane<f32>(out + i, Lanes.gelu(v128.load32_zero(x + i)), 0);
}
