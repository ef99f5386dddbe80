import { Record } from './lib/record';

@unmanaged
class ScaleRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  bias: usize; // [cols]; 0: none
  cols: u32;
  by: f32;
}

/** out = x * by (+ bias); an item is a row. */
export function scale(record: ScaleRecord, begin: u32, end: u32): void {
  const rowBytes = record.cols << 2;
  const by = f32x4.splat(record.by);
  for (let row = begin; row < end; row++) {
    const out = record.out + row * rowBytes;
    const x = record.x + row * rowBytes;
    const bias = record.bias;
    let i: usize = 0;
    for (; i + 16 <= rowBytes; i += 16) {
      const product = f32x4.mul(v128.load(x + i), by);
      v128.store(out + i, bias ? f32x4.add(product, v128.load(bias + i)) : product);
    }
    for (; i < rowBytes; i += 4) {
      const product = load<f32>(x + i) * record.by;
      store<f32>(out + i, bias ? product + load<f32>(bias + i) : product);
    }
  }
}
