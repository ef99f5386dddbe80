import { Record } from './lib/record';
import { squares, sum } from './lib/row_sums';

@unmanaged
class LayerNormRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  weight: usize; // [cols]
  bias: usize; // [cols]; 0: none
  cols: u32;
  eps: f32;
}

/** out = (x - mean) / sqrt(variance + eps) * weight (+ bias); an item is a row. */
export function layer_norm(record: LayerNormRecord, begin: u32, end: u32): void {
  const bytes = record.cols << 2;
  const n = <f32>record.cols;
  for (let row = begin; row < end; row++) {
    const x = record.x + row * bytes;
    const mean = sum(x, bytes) / n;
    const variance = squares(x, bytes, mean) / n;
    const scale = <f32>1 / sqrt<f32>(variance + record.eps) + (variance - variance); // NaN where squares are too many for a float
    normalise(record, record.out + row * bytes, x, mean, scale);
  }
}

function normalise(record: LayerNormRecord, out: usize, x: usize, mean: f32, scale: f32): void {
  const bytes: usize = record.cols << 2;
  const means = f32x4.splat(mean);
  const scales = f32x4.splat(scale);
  const bias = record.bias;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    const scaled = f32x4.mul(f32x4.sub(v128.load(x + i), means), scales);
    const weighted = f32x4.mul(scaled, v128.load(record.weight + i));
    v128.store(out + i, bias ? f32x4.add(weighted, v128.load(bias + i)) : weighted);
  }
  for (; i < bytes; i += 4) {
    const weighted = (load<f32>(x + i) - mean) * scale * load<f32>(record.weight + i);
    store<f32>(out + i, bias ? weighted + load<f32>(bias + i) : weighted);
  }
}
