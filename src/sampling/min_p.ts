import { log } from '../base/math.ts';
import { maxLogit, move, type Candidates, type SamplerLink } from './candidates.ts';

/**
 * Keeps candidates at least `p` times as likely as the best one (Nguyen et al., *Min-p Sampling*, 2024, arXiv:2407.01082).
 * A ratio of probabilities is a difference of logits, so this needs neither softmax nor sorting.
 */
export function minP(p: number): SamplerLink {
  const margin = log(p);
  return {
    apply(c: Candidates): void {
      const max = maxLogit(c);
      let kept = 0;
      for (let i = 0; i < c.n; i++) if (c.logits[i]! - max >= margin) move(c, i, kept++);
      c.n = kept;
    },
  };
}
