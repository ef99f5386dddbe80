import type { InputSpec } from './op_case.ts';
import { randomFloats } from './numbers.ts';

/**
 * What `route` makes: `[nTokens, 2 * nUsed]`, different experts, then weights. Until all experts are chosen no two rows choose the same one, as
 * costs suppose; then the first experts are chosen most.
 */
export const choicesOf = (nExperts: number, nUsed: number): InputSpec => ({
  role: 'activation',
  cols: 2 * nUsed,
  numbers(n) {
    const numbers = randomFloats(n, 5);
    for (let t = 0; t < n / (2 * nUsed); t++) {
      const scores = randomFloats(nExperts, t).map((score, e) => score - e / nExperts);
      const best = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!);
      const next = [...scores.keys()].map((e) => (t * nUsed + e) % nExperts);
      numbers.set((t * nUsed < nExperts ? next : best).slice(0, nUsed), t * 2 * nUsed);
    }
    return numbers;
  },
});
