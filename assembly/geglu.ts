import { Lanes } from './lib/math';
import { Record } from './lib/record';

@unmanaged
class GegluRecord extends Record {
  out: usize; // [nRows, cols]
  gate: usize; // [nRows, cols]
  up: usize; // [nRows, cols]
  cols: u32;

  /** gate / (1 + e^-2u) * up with 2u = 2 √(2/π) gate (1 + 0.044715 gate²) */
  @inline
  static gated(gate: v128, up: v128): v128 {
    const cubic = f32x4.add(f32x4.splat(1), f32x4.mul(f32x4.mul(gate, gate), f32x4.splat(0.044715)));
    const minus2u = f32x4.mul(f32x4.mul(gate, f32x4.splat(-1.5957691216)), cubic);
    const denominator = f32x4.add(f32x4.splat(1), Lanes.exp(minus2u));
    return f32x4.mul(f32x4.div(gate, denominator), up);
  }
}

/** out = gelu(gate) * up; an item is a row. */
export function geglu(record: GegluRecord, begin: u32, end: u32): void {
  const first = (begin * record.cols) << 2;
  const bytes = ((end - begin) * record.cols) << 2;
  const out = record.out + first;
  const gate = record.gate + first;
  const up = record.up + first;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, GegluRecord.gated(v128.load(gate + i), v128.load(up + i)));
  for (; i < bytes; i += 4) {
    const value = GegluRecord.gated(v128.load32_zero(gate + i), v128.load32_zero(up + i));
    v128.store_lane<f32>(out + i, value, 0);
  }
}
