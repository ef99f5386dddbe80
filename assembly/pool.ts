import { Record } from './lib/record';

@unmanaged
class PoolRecord extends Record {
  out: usize; // [1, cols]
  x: usize; // [nTokens, cols]
  cols: u32;
  mean: u32; // 0: the first row
}

/** The mean of all rows, added up in their order, or the first; an item is a row of the output. */
export function pool(record: PoolRecord, begin: u32, end: u32): void {
  const rowBytes = record.cols << 2;
  const nRows = record.mean ? record.step.nTokens : 1;
  for (let i: u32 = begin * rowBytes; i < end * rowBytes; i += 4) {
    let sum: f32 = 0;
    for (let row: u32 = 0; row < nRows; row++) sum += load<f32>(record.x + row * rowBytes + i);
    store<f32>(record.out + i, sum / <f32>nRows);
  }
}

/** Row r of the output is not row r of x, so this op counts its own items; see lib/program.ts. */
export function pool_items(record: PoolRecord): u32 {
  return record.nRows;
}
