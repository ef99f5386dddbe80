import { Lanes } from './lib/math';
import { Record } from './lib/record';

@unmanaged
class RmsNormRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  weight: usize; // [groupCols]
  cols: u32;
  groupCols: u32;
  eps: f32;
}

/** out = x / sqrt(mean(x²) + eps) * weight over groups of groupCols columns; an item is a row. */
export function rms_norm(record: RmsNormRecord, begin: u32, end: u32): void {
  const groupBytes = record.groupCols << 2;
  const last = (end * record.cols) << 2;
  for (let group: usize = (begin * record.cols) << 2; group < last; group += groupBytes) {
    const x = record.x + group;
    const mean = sumOfSquares(x, groupBytes) / <f32>record.groupCols;
    const scale = <f32>1 / sqrt<f32>(mean + record.eps) + (mean - mean); // NaN where the squares are too many for a float
    normalise(record.out + group, x, record.weight, groupBytes, scale);
  }
}

/** Four vectors of partial sums (an addition takes four cycles), joined in a fixed order. */
function sumOfSquares(x: usize, bytes: usize): f32 {
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 64 <= bytes; i += 64) {
    const x0 = v128.load(x + i);
    const x1 = v128.load(x + i, 16);
    const x2 = v128.load(x + i, 32);
    const x3 = v128.load(x + i, 48);
    sum0 = f32x4.add(sum0, f32x4.mul(x0, x0));
    sum1 = f32x4.add(sum1, f32x4.mul(x1, x1));
    sum2 = f32x4.add(sum2, f32x4.mul(x2, x2));
    sum3 = f32x4.add(sum3, f32x4.mul(x3, x3));
  }
  let sum = Lanes.sum(f32x4.add(f32x4.add(sum0, sum1), f32x4.add(sum2, sum3)));
  for (; i < bytes; i += 4) sum += load<f32>(x + i) * load<f32>(x + i);
  return sum;
}

function normalise(out: usize, x: usize, weight: usize, bytes: usize, scale: f32): void {
  const scales = f32x4.splat(scale);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    v128.store(out + i, f32x4.mul(f32x4.mul(v128.load(x + i), scales), v128.load(weight + i)));
  }
  for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) * scale * load<f32>(weight + i));
}
