import { Node } from './lib/node';
import { Panel } from './lib/panel';
import { scratch } from './lib/scratch';
import { Group } from './lib/simd';
import { ITEM_ROWS, itemBytes } from './pack';

@unmanaged
export class EmbedNode extends Node {
  out: usize; // [nRows, cols]
  weights: usize; // packed [nVocab, cols], as a matmul wants them: many models use one table for both
  cols: u32;
}

/** Gathers one row of the token table per token; an item is a token. */
export function embed<Q>(node: EmbedNode, begin: u32, end: u32): void {
  const q = changetype<Q>(0);
  const p = changetype<Panel<Q>>(0);
  const stride = itemBytes<Q>(node.cols);
  for (let t = begin; t < end; t++) {
    const token = load<u32>(node.step.tokens + 4 * t);
    const row = token & 3;
    let block = scratch();
    p.unpack(block, node.weights + (token / ITEM_ROWS) * stride, (token % ITEM_ROWS) >> 2, node.cols);
    let out = node.out + 4 * t * node.cols;
    for (const last = out + 4 * node.cols; out < last; block += p.blockBytes) {
      for (let k: u32 = 0; k < 32; k++, out += 4) {
        const sub = 16 * ((k * q.subs) >> 5) + 4 * row;
        const at = block + 16 * (k >> 2) + Group.byteOf(row, k & 3);
        const level = p.bias == 128 ? <i32>load<u8>(at) : <i32>load<i8>(at);
        const weight = <f32>(level - p.bias) * load<f32>(block + sub + p.scale(0));
        store<f32>(out, q.hasMins ? weight + load<f32>(block + sub + p.min(0)) : weight);
      }
    }
  }
}
