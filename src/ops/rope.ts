import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, param, rowsOf } from './op.ts';

/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864): the first `ropeDim` columns of every head are
 * `ropeDim / 2` pairs, each turned by the angle of its frequency at the token's position. Two conventions pair them:
 *
 *     norm  (0,1) (2,3) (4,5) …               neighbours, as Llama's GGUF files are permuted
 *     neox  (0,half) (1,half+1) (2,half+2) …  halves, as GPT-NeoX and Qwen store them
 *
 * `angles[nTokens, ropeDim]` holds `cos` of every pair, then `sin` of every pair (see rope_angles.ts).
 */
export const rope: Op = {
  name: 'rope',
  shape(inputs, { headDim }) {
    const [x, angles] = inputs;
    const isSane = angles!.rows === x!.rows && colsOf(angles!) <= headDim! && colsOf(angles!) % 2 === 0;
    const fits = isSane && colsOf(x!) % headDim! === 0;
    if (!fits) mismatch('rope', `x [.., n * ${headDim}], angles [.., at most ${headDim} and even]`, inputs);
    return { rows: x!.rows!, cols: colsOf(x!) };
  },
  scalars: [inputCols('cols', 0), inputCols('ropeDim', 1), param('headDim', 'u32'), param('neox', 'u32')],

  reference({ out, inputs: [x, angles], node, step }) {
    const cols = colsOf(node.out);
    const half = colsOf(node.inputs[1]!) / 2;
    const { headDim, neox } = node.params as { headDim: number; neox: number };
    const nRows = rowsOf(node.out.rows!, step);
    out.set(x!.subarray(0, nRows * cols));
    for (let t = 0; t < nRows; t++) {
      const cosines = t * half * 2;
      for (let head = t * cols; head < (t + 1) * cols; head += headDim) {
        for (let i = 0; i < half; i++) {
          const a = head + (neox ? i : 2 * i);
          const b = head + (neox ? i + half : 2 * i + 1);
          const cos = angles![cosines + i]!;
          const sin = angles![cosines + half + i]!;
          out[a] = x![a]! * cos - x![b]! * sin;
          out[b] = x![a]! * sin + x![b]! * cos;
        }
      }
    }
  },

  cost(node, step) {
    const [x, angles] = node.inputs;
    const nHeads = colsOf(x!) / node.params['headDim']!;
    return { flops: 3 * rowsOf(x!.rows!, step) * colsOf(angles!) * nHeads, bytes: allBytes(node, step) };
  },
};
