import { Node } from './lib/node';

@unmanaged
class LastRowsNode extends Node {
  out: usize; // [nLogits, cols]
  x: usize; // [nTokens, cols]
  cols: u32;
}

/** The last nLogits rows of x; an item is a row of the output. */
export function last_rows(node: LastRowsNode, begin: u32, end: u32): void {
  const rowBytes = node.cols << 2;
  const first = node.step.nTokens - node.step.nLogits;
  memory.copy(node.out + begin * rowBytes, node.x + (first + begin) * rowBytes, (end - begin) * rowBytes);
}

/** Row r of the output is not row r of x, so this op counts its own items; see lib/program.ts. */
export function last_rows_items(node: LastRowsNode): u32 {
  return node.nRows;
}
