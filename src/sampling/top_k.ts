import { selectTop, type Candidates, type SamplerLink } from './candidates.ts';

/** Keeps the `k` largest logits (Fan et al., *Hierarchical Neural Story Generation*, 2018, arXiv:1805.04833), best first. */
export function topK(k: number): SamplerLink {
  return {
    apply(c: Candidates): void {
      const kept = Math.min(k, c.n);
      selectTop(c, 0, kept);
      c.n = kept;
      c.sorted = true;
    },
  };
}
