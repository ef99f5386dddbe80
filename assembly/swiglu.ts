import { Lanes } from './lib/math';
import { Record } from './lib/record';

@unmanaged
class SwigluRecord extends Record {
  out: usize; // [nRows, cols]
  gate: usize; // [nRows, cols]
  up: usize; // [nRows, cols]
  cols: u32;

  @inline
  static gated(gate: v128, up: v128): v128 {
    return f32x4.mul(Lanes.gate(gate, gate), up);
  }
}

/** out = gate / (1 + e^-gate) * up; an item is a row. */
export function swiglu(record: SwigluRecord, begin: u32, end: u32): void {
  const first = (begin * record.cols) << 2;
  const bytes = ((end - begin) * record.cols) << 2;
  const out = record.out + first;
  const gate = record.gate + first;
  const up = record.up + first;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, SwigluRecord.gated(v128.load(gate + i), v128.load(up + i)));
  for (; i < bytes; i += 4) {
    const value = SwigluRecord.gated(v128.load32_zero(gate + i), v128.load32_zero(up + i));
    v128.store_lane<f32>(out + i, value, 0);
  }
}
