/** Adds `by` times the floats at `x` to those at `out`. */
export function addTimes(out: usize, x: usize, by: f32, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    v128.store(out + i, f32x4.add(v128.load(out + i), f32x4.mul(v128.load(x + i), f32x4.splat(by))));
  }
  for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(out + i) + load<f32>(x + i) * by);
}
