import { exp, log } from '../math.ts';
import { entropy, sortFurther, weigh, type Candidates, type SamplerLink } from './candidates.ts';

/**
 * Locally typical sampling (Meister et al., 2022, arXiv:2202.00666): keeps the candidates whose surprise -log(p) lies closest
 * to the entropy, the smallest such set with a probability above `p`.
 */
export function typicalP(p: number): SamplerLink {
  return {
    apply(c: Candidates): void {
      const { logits, weights } = c;
      const total = weigh(c);
      const logTotal = log(total);
      const h = entropy(c, total, logTotal);
      // Sorting goes by `logits`: put the closeness to the entropy there and keep the logits in `weights` meanwhile.
      for (let i = 0; i < c.n; i++) {
        const surprise = logTotal - (logits[i]! - c.top);
        weights[i] = logits[i]!;
        logits[i] = -Math.abs(surprise - h);
      }
      let ready = 0;
      let mass = 0;
      for (let i = 0; i < c.n; i++) {
        if (i === ready) ready = sortFurther(c, ready);
        mass += exp(weights[i]! - c.top);
        if (mass > p * total) c.n = i + 1;
      }
      for (let i = 0; i < c.n; i++) logits[i] = weights[i]!;
      c.sorted = false;
      c.weighed = false;
    },
  };
}
