import { Node } from './lib/node';

@unmanaged
class CausalConvNode extends Node {
  out: usize; // [nTokens, cols]
  x: usize; // [nTokens, cols]
  taps: usize; // [cols, nTaps]
  tail: usize; // [nTaps - 1, cols]
  cols: u32;
  nTaps: u32;
}

/** An item is a column, whose tail nobody else reads. */
export function causal_conv(node: CausalConvNode, begin: u32, end: u32): void {
  const nTokens = node.step.nTokens;
  const nTail = node.nTaps - 1;
  for (let c = begin; c < end; c++) {
    for (let t: u32 = 0; t < nTokens; t++) {
      let sum: f32 = 0;
      for (let j: u32 = 0; j <= nTail; j++) sum += load<f32>(node.taps + 4 * (c * node.nTaps + j)) * row(node, t + j, c);
      store<f32>(node.out + 4 * (t * node.cols + c), sum);
    }
    for (let i: u32 = 0; i < nTail; i++) {
      store<f32>(node.tail + 4 * (i * node.cols + c), row(node, nTokens + i, c));
    }
  }
}

/** A row of the tail, and behind it those of x. */
function row(node: CausalConvNode, i: u32, c: u32): f32 {
  const nTail = node.nTaps - 1;
  const at = i < nTail ? node.tail + 4 * i * node.cols : node.x + 4 * (i - nTail) * node.cols;
  return load<f32>(at + 4 * c);
}

export function causal_conv_items(node: CausalConvNode): u32 {
  return node.cols;
}
