import { Angle } from './lib/angles';
import { Record } from './lib/record';

@unmanaged
class RopeAnglesRecord extends Record {
  out: usize; // [nTokens, 2 * (cols - 1)]: cosines of every pair, then sines
  turns: usize; // [3, cols]: radians per position of every pair, then a magnitude; the sum of three rows is a float64
  cols: u32;
}

/** The cosines and sines that rope turns pairs by, at the positions of this step; an item is a token. */
export function rope_angles(record: RopeAnglesRecord, begin: u32, end: u32): void {
  const halfBytes = (record.cols - 1) << 2;
  const magnitude = turn(record, halfBytes);
  for (let token = begin; token < end; token++) {
    const pos = <f64>record.step.posOf(token);
    const cos = record.out + token * 2 * halfBytes;
    for (let i: u32 = 0; i < halfBytes; i += 4) {
      Angle.reduce(pos * turn(record, i));
      store<f32>(cos + i, <f32>(Angle.cos() * magnitude));
      store<f32>(cos + halfBytes + i, <f32>(Angle.sin() * magnitude));
    }
  }
}

/** Adds up the three pieces of a number. */
function turn(record: RopeAnglesRecord, offset: u32): f64 {
  const at = record.turns + offset;
  const rowBytes = record.cols << 2;
  return <f64>load<f32>(at) + <f64>load<f32>(at + rowBytes) + <f64>load<f32>(at + 2 * rowBytes);
}
