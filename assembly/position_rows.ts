import { Record } from './lib/record';

@unmanaged
class PositionRowsRecord extends Record {
  out: usize; // [nTokens, cols]
  table: usize; // [nPositions, cols]
  cols: u32;
}

/** The rows of the step's positions; an item is a token. */
export function position_rows(record: PositionRowsRecord, begin: u32, end: u32): void {
  const rowBytes = record.cols << 2;
  const from = record.table + (record.step.pos + begin) * rowBytes;
  memory.copy(record.out + begin * rowBytes, from, (end - begin) * rowBytes);
}
