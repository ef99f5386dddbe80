import { floatToHalf, halfToFloat } from '../half.ts';
import { colsOf, inputCols, mismatch, rowsOf, type Op } from './op.ts';

/** Appends this step's keys (or values) to the cache: `x[nTokens, kvDim]` → rows `pos …` of the state `[nCtx, kvDim]`. */
export const kvStore: Op = {
  shape(inputs) {
    const [x, cache] = inputs;
    if (colsOf(x!) !== colsOf(cache!) || x!.rows !== 'tokens') mismatch('kv_store', 'x [nTokens, kvDim]', inputs);
    return { rows: 'tokens', cols: colsOf(x!) };
  },
  quantInput: 1,
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [x], node, step }) {
    const cols = colsOf(node.out);
    const n = rowsOf('tokens', step) * cols;
    const keep = node.out.quant.name === 'f16' ? (value: number) => halfToFloat(floatToHalf(value)) : Math.fround;
    for (let i = 0; i < n; i++) out[step.pos * cols + i] = keep(x![i]!);
  },
};
