import { Record } from './record';

@unmanaged
export class MatmulRecord extends Record {
  out: usize; // [nRows, rows]
  weights: usize; // packed [rows, cols]
  x: usize; // [nRows, cols]: quantised (lib/activations.ts), floats for F32 weights
  bias: usize; // [rows] or 0
  rows: u32;
  cols: u32;
  outRows: usize; // [nRows] u32: the row of out where each row's result goes; 0: they are the same
}
