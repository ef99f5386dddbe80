import { AttentionNode } from './lib/attention_node';
import { scratch } from './lib/scratch';
import { Softmax } from './lib/softmax';

/**
 * Joins the splits that `attention` left as parts (see there), from left to right; an item is a token. With many tokens
 * attention has written the result itself and there is nothing to do.
 */
export function attention_join(node: AttentionNode, begin: u32, end: u32): void {
  if (!node.isSplit) return;
  const headBytes = node.headDim << 2;
  const softmax = changetype<Softmax>(scratch());
  const values = scratch() + offsetof<Softmax>(); // [headDim]
  for (let token = begin; token < end; token++) {
    for (let head: u32 = 0; head < node.cols / node.headDim; head++) {
      softmax.clear();
      memory.fill(values, 0, headBytes);
      for (let split = node.firstSplit; split < node.endSplit; split++) {
        const part = node.partOf(token, head, split);
        softmax.join(values, changetype<Softmax>(part), part + offsetof<Softmax>(), headBytes);
      }
      node.finish(softmax, values, node.out + ((token * node.cols) << 2) + head * headBytes);
    }
  }
}
