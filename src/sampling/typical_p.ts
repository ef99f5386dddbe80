import { log } from '../base/math.ts';
import { entropy, keepHeaviest, weigh, type Candidates, type SamplerLink } from './candidates.ts';

/**
 * Locally typical sampling (Meister et al., 2022, arXiv:2202.00666): keeps the candidates whose surprise -log(p) lies closest
 * to the entropy, the smallest such set whose probabilities sum to at least `p`.
 */
export function typicalP(p: number, nVocab: number): SamplerLink {
  const logitOf = new Float32Array(nVocab); // by token
  return {
    apply(c: Candidates): void {
      const { tokens, logits } = c;
      const total = weigh(c);
      const logTotal = log(total);
      const h = entropy(c, total, logTotal);
      // "Best" means the largest logit: for the selection, closeness to the entropy takes the logits' place.
      for (let i = 0; i < c.n; i++) {
        const surprise = logTotal - (logits[i]! - c.top);
        logitOf[tokens[i]!] = logits[i]!;
        logits[i] = -Math.abs(surprise - h);
      }
      c.sorted = false;
      keepHeaviest(c, p * total);
      for (let i = 0; i < c.n; i++) logits[i] = logitOf[tokens[i]!]!;
    },
  };
}
