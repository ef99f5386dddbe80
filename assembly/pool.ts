import { Record, StepText } from './lib/record';

@unmanaged
class PoolRecord extends Record {
  out: usize; // [nTexts, cols]
  x: usize; // [nTokens, cols]
  cols: u32;
  which: u32; // CLS, MEAN or LAST
}

const MEAN: u32 = 1;
const LAST: u32 = 2;

/** The first row of each text, the mean of all, added up in their order, or the last; an item is a text. */
export function pool(record: PoolRecord, begin: u32, end: u32): void {
  const rowBytes = record.cols << 2;
  const step = record.step;
  for (let i = begin; i < end; i++) {
    const text = step.texts ? changetype<StepText>(load<usize>(step.texts) + i * offsetof<StepText>()) : null;
    const first = text ? text.first : 0;
    const nTokens = text ? text.nTokens : step.nTokens;
    const row = record.which == LAST ? first + nTokens - 1 : first;
    const nRows = record.which == MEAN ? nTokens : 1;
    mean(record.out + i * rowBytes, record.x + row * rowBytes, nRows, rowBytes);
  }
}

/** The mean of `nRows` rows from `x` on. */
function mean(out: usize, x: usize, nRows: u32, rowBytes: usize): void {
  for (let i: usize = 0; i < rowBytes; i += 4) {
    let sum: f32 = 0;
    for (let row: u32 = 0; row < nRows; row++) sum += load<f32>(x + row * rowBytes + i);
    store<f32>(out + i, sum / <f32>nRows);
  }
}

/** Row r of the output is not row r of x, so this op counts its own items; see lib/program.ts. */
export function pool_items(record: PoolRecord): u32 {
  return record.nRows;
}
