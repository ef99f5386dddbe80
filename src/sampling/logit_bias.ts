import type { Candidates, SamplerLink } from './candidates.ts';

/** Adds a fixed amount to the logits of some tokens; -Infinity bans a token. Runs while candidate i is still token i. */
export function logitBias(biases: readonly (readonly [token: number, bias: number])[]): SamplerLink {
  return {
    apply({ logits }: Candidates): void {
      for (const [token, bias] of biases) logits[token]! += bias;
    },
  };
}
