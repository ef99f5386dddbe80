import { textsOf, type Op } from '../graph/graph.ts';
import { cos, sin } from '../base/math.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf } from './op.ts';

/**
 * The angles that `rope` turns pairs by, at the positions of a step: `turns[3, nPairs + 1]` (see rope_frequencies.ts) →
 * `[nTokens, 2 * nPairs]`, the cosines of every pair, then the sines, all times the magnitude.
 */
export const ropeAngles: Op = {
  name: 'rope_angles',
  shape(inputs) {
    const [turns] = inputs;
    if (turns!.shape[0] !== 3 || colsOf(turns!) < 2) mismatch('rope_angles', 'turns [3, nPairs + 1]', inputs);
    return { rows: 'tokens', cols: 2 * (colsOf(turns!) - 1) };
  },
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [turns], node, step }) {
    const nPairs = colsOf(node.out) / 2;
    const turn = (i: number): number => [0, 1, 2].reduce((sum, row) => sum + turns![row * (nPairs + 1) + i]!, 0);
    const magnitude = turn(nPairs);
    for (const { first, nTokens, pos } of textsOf(step)) {
      for (let t = 0; t < nTokens; t++) {
        for (let i = 0; i < nPairs; i++) {
          const angle = (pos + t) * turn(i);
          out[(2 * (first + t) + 0) * nPairs + i] = cos(angle) * magnitude;
          out[(2 * (first + t) + 1) * nPairs + i] = sin(angle) * magnitude;
        }
      }
    }
  },

  // a cosine or a sine is two series of which one counts, behind an angle that both reduce
  cost: (node, step) => ({ flops: 40 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
