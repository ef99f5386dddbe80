import { Record } from './lib/record';

@unmanaged
class LastRowsRecord extends Record {
  out: usize; // [nLogits, cols]
  x: usize; // [nTokens, cols]
  cols: u32;
}

/** The rows of x that get logits, the last ones unless the step lists them; an item is a row of the output. */
export function last_rows(record: LastRowsRecord, begin: u32, end: u32): void {
  const rowBytes = record.cols << 2;
  const rows = record.step.logitRows;
  if (rows) {
    for (let i = begin; i < end; i++) {
      memory.copy(record.out + i * rowBytes, record.x + load<u32>(rows + (i << 2)) * rowBytes, rowBytes);
    }
    return;
  }
  const first = record.step.nTokens - record.step.nLogits;
  memory.copy(record.out + begin * rowBytes, record.x + (first + begin) * rowBytes, (end - begin) * rowBytes);
}

/** Row r of the output is not row r of x, so this op counts its own items; see lib/program.ts. */
export function last_rows_items(record: LastRowsRecord): u32 {
  return record.nRows;
}
