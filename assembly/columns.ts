import { Record } from './lib/record';

@unmanaged
class ColumnsRecord extends Record {
  out: usize; // [nRows, nGroups * nCols]
  x: usize; // [nRows, cols]
  cols: u32;
  first: u32;
  nCols: u32;
  groupCols: u32;
}

/** Columns first … first + nCols - 1 of each group of x; an item is a row. */
export function columns(record: ColumnsRecord, begin: u32, end: u32): void {
  const bytes = record.nCols << 2;
  const nGroups = record.cols / record.groupCols;
  for (let group = begin * nGroups; group < end * nGroups; group++) {
    memory.copy(record.out + group * bytes, record.x + ((group * record.groupCols + record.first) << 2), bytes);
  }
}
