import { addTimes } from './lib/add_times';
import { Record } from './lib/record';

@unmanaged
class MixExpertsRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, nUsed * cols]
  chosen: usize; // [nRows, 2 * nUsed]: experts, then weights
  scales: usize; // [nExperts] or 0
  xCols: u32;
  nUsed: u32;

  /** What choice j of a row counts. */
  @inline
  weight(chosen: usize, j: u32): f32 {
    const weight = load<f32>(chosen + ((this.nUsed + j) << 2));
    if (!this.scales) return weight;
    const expert = <u32>load<f32>(chosen + (j << 2));
    return weight * load<f32>(this.scales + (expert << 2));
  }
}

/** out = the sum of weight * x over a row's choices, in their order; an item is a row. */
export function mix_experts(record: MixExpertsRecord, begin: u32, end: u32): void {
  const nUsed = record.nUsed;
  const bytes = (record.xCols / nUsed) << 2;
  for (let row = begin; row < end; row++) {
    const out = record.out + row * bytes;
    const chosen = record.chosen + row * (nUsed << 3);
    let x = record.x + row * (record.xCols << 2);
    memory.fill(out, 0, bytes);
    for (let j: u32 = 0; j < nUsed; j++, x += bytes) addTimes(out, x, record.weight(chosen, j), bytes);
  }
}
