import { Record } from './lib/record';

@unmanaged
class ColumnsRecord extends Record {
  out: usize; // [nRows, nCols]
  x: usize; // [nRows, cols]
  cols: u32;
  first: u32;
  nCols: u32;
}

/** Columns first … first + nCols - 1 of x; an item is a row. */
export function columns(record: ColumnsRecord, begin: u32, end: u32): void {
  const bytes = record.nCols << 2;
  for (let row = begin; row < end; row++) {
    memory.copy(record.out + row * bytes, record.x + ((row * record.cols + record.first) << 2), bytes);
  }
}
