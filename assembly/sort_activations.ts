import { Choices } from './lib/choices';
import { Record } from './lib/record';
import { innerRecord } from './lib/scratch';
import { QuantizeRecord } from './quantize_activations';

@unmanaged
class SortActivationsRecord extends Record {
  out: usize; // [nRows * nUsed] quantised rows, or rows of floats, in their places
  x: usize; // [nRows, cols] or [nRows, nUsed * cols]
  choices: Choices;
  nExperts: u32;
  nUsed: u32;
  cols: u32;
  xCols: u32;
  quantize: u32; // index of quantize_activations_<form> in the function table; 0: floats stay floats
}

/** Rows for products with experts, each as often as it is needed, where `Choices` says; an item is a row of x. */
export function sort_activations(record: SortActivationsRecord, begin: u32, end: u32): void {
  const nUsed = record.nUsed;
  const cols = record.cols;
  const xCols = record.xCols;
  const places = record.choices.places(record.nExperts);
  const every: usize = xCols == cols ? 0 : cols << 2; // bytes from the row of a choice to that of the next
  for (let t = begin; t < end; t++) {
    let x = record.x + t * (xCols << 2);
    for (let choice = t * nUsed; choice < (t + 1) * nUsed; choice++, x += every) {
      placeRow(record, x, load<u32>(places + (choice << 2)));
    }
  }
}

/** One row, to its place. */
function placeRow(record: SortActivationsRecord, x: usize, place: u32): void {
  const rowBytes = record.cols << 2;
  if (record.quantize == 0) {
    memory.copy(record.out + place * rowBytes, x, rowBytes);
    return;
  }
  const one = changetype<QuantizeRecord>(innerRecord(record.cols));
  one.out = record.out;
  one.x = x - place * rowBytes; // the kernel takes row number `place`
  one.cols = record.cols;
  call_indirect<void>(record.quantize, one, place, place + 1);
}
