import { Record } from './lib/record';

@unmanaged
class AddRecord extends Record {
  out: usize; // [nRows, cols]
  a: usize; // [nRows, cols]
  b: usize; // [nRows, cols]
  cols: u32;
}

/** out = a + b; an item is a row. */
export function add(record: AddRecord, begin: u32, end: u32): void {
  const first = (begin * record.cols) << 2;
  const bytes = ((end - begin) * record.cols) << 2;
  const out = record.out + first;
  const a = record.a + first;
  const b = record.b + first;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
  for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(a + i) + load<f32>(b + i));
}
