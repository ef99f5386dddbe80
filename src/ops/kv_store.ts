import type { Op } from '../graph/graph.ts';
import { bytesOf, colsOf, inputCols, mismatch, rowsOf } from './op.ts';

/**
 * Appends this step's keys (or values) to the cache: `x[nTokens, kvDim]` → rows `pos …` of the state `[nCtx, kvDim]`, as its
 * quant type keeps them. A block that holds a NaN or an infinity becomes NaN: it must not get lost.
 */
export const kvStore: Op = {
  name: 'kv_store',
  shape(inputs) {
    const [x, cache] = inputs;
    if (colsOf(x!) !== colsOf(cache!) || x!.rows !== 'tokens') mismatch('kv_store', 'x [nTokens, kvDim]', inputs);
    return { rows: 'tokens', cols: colsOf(x!) };
  },
  quantInput: 1,
  outInput: 1,
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [x], node, step }) {
    const { blockSize, blockBytes, quantize, dequantize } = node.out.quant;
    const cols = colsOf(node.out);
    const numbers = x!.subarray(0, rowsOf('tokens', step) * cols);
    const rows = out.subarray(step.pos * cols, step.pos * cols + numbers.length);
    const blocks = new Uint8Array((numbers.length / blockSize) * blockBytes);
    quantize!(numbers, blocks);
    dequantize!(blocks, rows);
    if (blockSize === 1) return;
    for (let begin = 0; begin < numbers.length; begin += blockSize) {
      const isFinite = numbers.subarray(begin, begin + blockSize).every(Number.isFinite);
      if (!isFinite) rows.fill(NaN, begin, begin + blockSize);
    }
  },

  cost({ out, inputs: [x] }, step) {
    const n = rowsOf('tokens', step) * colsOf(x!);
    return { flops: 0, bytes: bytesOf(x!, n) + bytesOf(out, n) };
  },
};
