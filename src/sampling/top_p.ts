import { keepHeaviest, weigh, type Candidates, type SamplerLink } from './candidates.ts';

/**
 * Nucleus sampling (Holtzman et al., *The Curious Case of Neural Text Degeneration*, 2019, arXiv:1904.09751): keeps the
 * smallest set of most likely candidates whose probabilities sum to at least `p`.
 */
export function topP(p: number): SamplerLink {
  return {
    apply(c: Candidates): void {
      keepHeaviest(c, p * weigh(c));
    },
  };
}
