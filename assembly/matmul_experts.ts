import { Choices } from './lib/choices';
import { MatmulRecord } from './lib/matmul_record';
import { Record } from './lib/record';
import { innerRecord } from './lib/scratch';
import { ITEM_ROWS } from './pack';

@unmanaged
class MatmulExpertsRecord extends Record {
  out: usize; // [nRows, nUsed * rows]
  table: usize; // [nExperts] addresses of packed matrices [rows, cols]; 0: it is not in memory
  x: usize; // [nRows * nUsed] rows in their places, of `sort_activations`
  chosen: usize; // `Choices`, of `sort_choices`
  bias: usize; // [nExperts, rows] or 0
  nExperts: u32;
  rows: u32;
  cols: u32;
  xCols: u32;
  nUsed: u32;
  product: u32; // index of matmul_<type> in the function table
  rowBytes: u32; // of x

  @inline
  get choices(): Choices {
    return changetype<Choices>(this.chosen);
  }
}

/** An item is 16 rows of one expert's matrix × all rows that chose it; experts come in the order of `Choices`. */
export function matmul_experts_items(record: MatmulExpertsRecord): u32 {
  return min(record.nExperts, record.nRows * record.nUsed) * itemsOfOne(record);
}

function itemsOfOne(record: MatmulExpertsRecord): u32 {
  return (record.rows + ITEM_ROWS - 1) / ITEM_ROWS;
}

/** Products of each chosen expert's matrix with the rows that chose it, by the kernel that multiplies one matrix. */
export function matmul_experts(record: MatmulExpertsRecord, begin: u32, end: u32): void {
  const every = itemsOfOne(record);
  const nChosen = record.choices.nChosen;
  for (let i = begin / every; i < nChosen && i * every < end; i++) {
    const first = max(begin, i * every) - i * every;
    product(record, i, first, min(end - i * every, every));
  }
}

/** Items of the i-th chosen expert. */
function product(record: MatmulExpertsRecord, i: u32, begin: u32, end: u32): void {
  const chosen = record.choices.at(i);
  const one = changetype<MatmulRecord>(innerRecord(record.cols));
  one.weights = load<usize>(record.table + (chosen.expert << 2));
  if (!one.weights) return;
  const nChoices = record.nRows * record.nUsed;
  one.nRows = chosen.n;
  one.out = record.out;
  one.x = record.x + chosen.first * record.rowBytes;
  one.bias = record.bias ? record.bias + ((chosen.expert * record.rows) << 2) : 0;
  one.rows = record.rows;
  one.cols = record.cols;
  one.outRows = record.choices.places(record.nExperts) + ((nChoices + chosen.first) << 2);
  call_indirect<void>(record.product, one, begin, end);
}
