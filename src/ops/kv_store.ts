import { textsOf, type Op } from '../graph/graph.ts';
import { bytesOf } from '../graph/tensor.ts';
import { hadamard, spreadCols, spreadOf } from './hadamard.ts';
import { colsOf, inputCols, mismatch, rowsOf } from './op.ts';

/**
 * Writes this step's keys (or values) to the cache: `x[nTokens, kvDim]` → positions `pos …` of the state `[nPositions,
 * kvDim]`, as its quant type keeps them; absolute position p lies in row `p % nPositions`, behind the text's `base`. A NaN or an infinity must not get
 * lost: its block becomes NaN.
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
  scalars: [inputCols('kvDim', 0), spreadOf(({ out }) => out)],

  reference({ out, inputs: [x], node, step }) {
    const { blockSize, quantize, dequantize } = node.out.quant;
    const [nPositions, cols] = node.out.shape as [number, number];
    const spread = spreadCols(node.out, node.params['headDim']!);
    const blocks = new Uint8Array(bytesOf(node.out, cols));
    for (const { first, nTokens, pos, base } of textsOf(step)) {
      for (let t = 0; t < nTokens; t++) {
        const numbers = x!.slice((first + t) * cols, (first + t + 1) * cols);
        if (spread) hadamard(numbers, spread);
        const at = ((base + pos + t) % nPositions) * cols;
        const row = out.subarray(at, at + cols);
        quantize!(numbers, blocks);
        dequantize!(blocks, row);
        for (let begin = 0; blockSize > 1 && begin < cols; begin += blockSize) {
          const isFinite = numbers.subarray(begin, begin + blockSize).every(Number.isFinite);
          if (!isFinite) row.fill(NaN, begin, begin + blockSize);
        }
      }
    }
  },

  cost({ out, inputs: [x] }, step) {
    const n = rowsOf('tokens', step) * colsOf(x!);
    return { flops: 0, bytes: bytesOf(x!, n) + bytesOf(out, n) };
  },
};
