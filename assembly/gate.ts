import { Lanes } from './lib/math';
import { Record } from './lib/record';

@unmanaged
class GateRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  by: usize; // [nRows, cols], or [nRows, 1]
  cols: u32;
  gateCols: u32;
}

/** out = x / (1 + e^-by), with a gate for each number or one for the row; an item is a row. */
export function gate(record: GateRecord, begin: u32, end: u32): void {
  const bytes = record.cols << 2;
  const isOne = record.gateCols == 1;
  for (let row = begin; row < end; row++) {
    const out = record.out + row * bytes;
    const x = record.x + row * bytes;
    const by = record.by + row * (record.gateCols << 2);
    const one = v128.load32_splat(by);
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) {
      v128.store(out + i, Lanes.gate(v128.load(x + i), isOne ? one : v128.load(by + i)));
    }
    for (; i < bytes; i += 4) {
      const last = isOne ? one : v128.load32_zero(by + i);
      v128.store_lane<f32>(out + i, Lanes.gate(v128.load32_zero(x + i), last), 0);
    }
  }
}
