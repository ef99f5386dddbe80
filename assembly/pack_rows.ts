import { Node } from './lib/node';
import { ITEM_ROWS } from './pack';

@unmanaged
class PackRowsNode extends Node {
  pack: u32; // index of pack_<type> in the function table
  src: usize; // rows [rowBegin, rowEnd) as they lie in the file
  dst: usize; // the whole packed matrix
  rowBegin: u32;
  rowEnd: u32;
  rows: u32;
  cols: u32;
  rowBytes: u32; // in the file
  blockBytes: u32;
  halves: u32; // offset of the first f16 number in a block
  nHalves: u32; // side by side; 0 for floats
  damaged: u32; // becomes 1 when one of them is infinite or NaN
}

/**
 * Packs one piece of a matrix while a model loads; an item is 16 rows, so that all threads share the work. Scales that are
 * infinite or NaN are found here, since packed halves count as finite (lib/half.ts).
 */
export function pack_rows(node: PackRowsNode, begin: u32, end: u32): void {
  const first = node.rowBegin + begin * ITEM_ROWS;
  const last = min(node.rowBegin + end * ITEM_ROWS, node.rowEnd);
  const src = node.src + begin * ITEM_ROWS * node.rowBytes;
  if (largestHalf(node, src, src + (last - first) * node.rowBytes) >= 0x7c00) node.damaged = 1;
  call_indirect<void>(node.pack, src, node.dst, first, last, node.rows, node.cols);
}

/** Largest magnitude of the f16 numbers in file rows, as bits: their order is the numbers', then infinity, then NaNs. */
function largestHalf(node: PackRowsNode, src: usize, end: usize): u32 {
  let largest: u32 = 0;
  for (let h: u32 = 0; h < node.nHalves; h++) {
    for (let at = src + node.halves + 2 * h; at < end; at += node.blockBytes) {
      largest = max(largest, (<u32>load<u16>(at)) & 0x7fff);
    }
  }
  return largest;
}

export function pack_rows_items(node: PackRowsNode): u32 {
  return (node.rowEnd - node.rowBegin + ITEM_ROWS - 1) / ITEM_ROWS;
}
