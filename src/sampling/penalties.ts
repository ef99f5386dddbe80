import type { Candidates, SamplerLink } from './candidates.ts';
import { recent, type History } from './history.ts';

export interface PenaltyOptions {
  readonly repeatPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly repeatLastN: number;
}

/**
 * Lowers the logits of the tokens among the last `repeatLastN`. The repeat penalty (Keskar et al., *CTRL*, 2019,
 * arXiv:1909.05858) divides a positive logit and multiplies a negative one; presence and frequency then subtract a constant
 * and a multiple of the token's count. Runs while candidate i is still token i, so it touches only the window's tokens.
 */
export function penalties(options: PenaltyOptions, history: History, nVocab: number): SamplerLink {
  const { repeatPenalty, presencePenalty, frequencyPenalty, repeatLastN } = options;
  const counts = new Int32Array(nVocab); // all zero between calls
  return {
    apply({ logits }: Candidates): void {
      const n = Math.min(history.n, repeatLastN);
      for (let i = 0; i < n; i++) counts[recent(history, i)]!++;
      for (let i = 0; i < n; i++) {
        const token = recent(history, i);
        const count = counts[token]!;
        if (count === 0) continue; // done at a later occurrence
        counts[token] = 0;
        const logit = logits[token]!;
        const repeated = logit > 0 ? logit / repeatPenalty : logit * repeatPenalty;
        logits[token] = repeated - count * frequencyPenalty - presencePenalty;
      }
    },
  };
}
