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
}

/** Packs one piece of a matrix while a model loads; an item is 16 rows, so that all threads share the work. */
export function pack_rows(node: PackRowsNode, begin: u32, end: u32): void {
  const first = node.rowBegin + begin * ITEM_ROWS;
  const last = min(node.rowBegin + end * ITEM_ROWS, node.rowEnd);
  const src = node.src + begin * ITEM_ROWS * node.rowBytes;
  call_indirect<void>(node.pack, src, node.dst, first, last, node.rows, node.cols);
}

export function pack_rows_items(node: PackRowsNode): u32 {
  return (node.rowEnd - node.rowBegin + ITEM_ROWS - 1) / ITEM_ROWS;
}
