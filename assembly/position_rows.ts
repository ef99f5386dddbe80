import { Record } from './lib/record';

@unmanaged
class PositionRowsRecord extends Record {
  out: usize; // [nTokens, cols]
  table: usize; // [nPositions, cols]
  cols: u32;
}

/** The rows of the tokens' positions; an item is a token. */
export function position_rows(record: PositionRowsRecord, begin: u32, end: u32): void {
  const rowBytes = record.cols << 2;
  for (let token = begin; token < end; token++) {
    memory.copy(record.out + token * rowBytes, record.table + record.step.posOf(token) * rowBytes, rowBytes);
  }
}
