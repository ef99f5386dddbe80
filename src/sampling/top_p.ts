import { move, sortFurther, weigh, type Candidates, type SamplerLink } from './candidates.ts';

/**
 * Nucleus sampling (Holtzman et al., *The Curious Case of Neural Text Degeneration*, 2019, arXiv:1904.09751): keeps the
 * smallest set of most likely candidates whose probabilities sum to at least `p`.
 */
export function topP(p: number): SamplerLink {
  return {
    apply(c: Candidates): void {
      const total = weigh(c);
      if (!c.sorted) dropTail(c, (0.5 * (1 - p) * total) / c.n);
      let ready = c.sorted ? c.n : 0;
      let mass = 0;
      for (let i = 0; i < c.n; i++) {
        if (i === ready) ready = sortFurther(c, ready);
        mass += c.weights[i]!;
        if (mass >= p * total) c.n = i + 1;
      }
      c.sorted = true;
    },
  };
}

/** Together, candidates that weigh under (1 - p) / n of the total are too light to be in the nucleus: no need to sort them. */
function dropTail(c: Candidates, minWeight: number): void {
  let kept = 0;
  for (let i = 0; i < c.n; i++) if (c.weights[i]! >= minWeight) move(c, i, kept++);
  c.n = kept;
}
