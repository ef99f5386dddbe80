import { Record } from './lib/record';

@unmanaged
class ScaleExpertsRecord extends Record {
  out: usize; // [nRows, nUsed * cols]
  x: usize; // [nRows, nUsed * cols]
  chosen: usize; // [nRows, 2 * nUsed]: experts, then weights
  scales: usize; // [nExperts]
  bias: usize; // [nExperts, cols] or 0
  xCols: u32;
  nUsed: u32;
}

/** out = x * scale (+ bias), those of the expert that made x; an item is a row. */
export function scale_experts(record: ScaleExpertsRecord, begin: u32, end: u32): void {
  const nUsed = record.nUsed;
  const bytes: usize = (record.xCols / nUsed) << 2;
  for (let row = begin; row < end; row++) {
    const chosen = record.chosen + row * (nUsed << 3);
    let at: usize = <usize>row * nUsed * bytes;
    for (let j: u32 = 0; j < nUsed; j++, at += bytes) {
      const expert = <u32>load<f32>(chosen + (j << 2));
      const bias = record.bias ? record.bias + expert * bytes : 0;
      scaleRow(record.out + at, record.x + at, load<f32>(record.scales + (expert << 2)), bias, bytes);
    }
  }
}

function scaleRow(out: usize, x: usize, by: f32, bias: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    const product = f32x4.mul(v128.load(x + i), f32x4.splat(by));
    v128.store(out + i, bias ? f32x4.add(product, v128.load(bias + i)) : product);
  }
  for (; i < bytes; i += 4) {
    const product = load<f32>(x + i) * by;
    store<f32>(out + i, bias ? product + load<f32>(bias + i) : product);
  }
}
