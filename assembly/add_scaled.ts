import { Record } from './lib/record';

@unmanaged
class AddScaledRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  added: usize; // [cols]
  cols: u32;
  by: f32;
}

/** out = x + added * by; an item is a row. */
export function add_scaled(record: AddScaledRecord, begin: u32, end: u32): void {
  const rowBytes = record.cols << 2;
  const by = f32x4.splat(record.by);
  const added = record.added;
  for (let row = begin; row < end; row++) {
    const out = record.out + row * rowBytes;
    const x = record.x + row * rowBytes;
    let i: usize = 0;
    for (; i + 16 <= rowBytes; i += 16) {
      v128.store(out + i, f32x4.add(v128.load(x + i), f32x4.mul(v128.load(added + i), by)));
    }
    for (; i < rowBytes; i += 4) store<f32>(out + i, load<f32>(x + i) + load<f32>(added + i) * record.by);
  }
}
