import { Lanes } from './lib/math';
import { Record } from './lib/record';

@unmanaged
class SwigluClampedRecord extends Record {
  out: usize; // [nRows, cols]
  gate: usize; // [nRows, cols]
  up: usize; // [nRows, cols]
  cols: u32;
  limit: f32;
  alpha: f32;

  @inline
  gated(gate: v128, up: v128): v128 {
    const limit = f32x4.splat(this.limit); // min and max hand a NaN on
    const g = f32x4.min(gate, limit);
    const u = f32x4.max(f32x4.neg(limit), f32x4.min(up, limit));
    const denominator = f32x4.add(f32x4.splat(1), Lanes.exp(f32x4.mul(g, f32x4.splat(-this.alpha))));
    return f32x4.mul(f32x4.div(g, denominator), f32x4.add(u, f32x4.splat(1)));
  }
}

/** out = g / (1 + e^(-alpha g)) * (u + 1) of gate and up within their limits; an item is a row. */
export function swiglu_clamped(record: SwigluClampedRecord, begin: u32, end: u32): void {
  const first = (begin * record.cols) << 2;
  const bytes = ((end - begin) * record.cols) << 2;
  const out = record.out + first;
  const gate = record.gate + first;
  const up = record.up + first;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, record.gated(v128.load(gate + i), v128.load(up + i)));
  for (; i < bytes; i += 4) {
    const value = record.gated(v128.load32_zero(gate + i), v128.load32_zero(up + i));
    v128.store_lane<f32>(out + i, value, 0);
  }
}
