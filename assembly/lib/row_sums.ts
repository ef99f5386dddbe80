import { Lanes } from './math';

/** Of a row's numbers, always in the same order. */
export function sum(x: usize, bytes: usize): f32 {
  let sums = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) sums = f32x4.add(sums, v128.load(x + i));
  let sum = Lanes.sum(sums);
  for (; i < bytes; i += 4) sum += load<f32>(x + i);
  return sum;
}

/** Of the squares of the differences from the mean. */
export function squares(x: usize, bytes: usize, mean: f32): f32 {
  const means = f32x4.splat(mean);
  let sums = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    const difference = f32x4.sub(v128.load(x + i), means);
    sums = f32x4.add(sums, f32x4.mul(difference, difference));
  }
  let sum = Lanes.sum(sums);
  for (; i < bytes; i += 4) sum += (load<f32>(x + i) - mean) * (load<f32>(x + i) - mean);
  return sum;
}
