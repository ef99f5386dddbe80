import { exp, log } from '../base/math.ts';
import { move, weigh, type Candidates, type SamplerLink } from './candidates.ts';

export interface MirostatOptions {
  readonly mirostatTau: number;
  readonly mirostatEta: number;
}

export interface MirostatLink extends SamplerLink {
  accept(token: number): void;
  /** The largest surprise let through, in bits; the state that the feedback moves. */
  mu: number;
}

/**
 * Mirostat 2.0 (Basu et al., *Mirostat: a Neural Text Decoding Algorithm that Directly Controls Perplexity*, 2020,
 * arXiv:2007.14966, algorithm 2). It drops candidates that surprise by more than `mu` bits. After each token it compares that
 * token's surprise, among the candidates left, with the target `mirostatTau`, and moves `mu` by `mirostatEta` times the
 * difference.
 */
export function mirostat(options: MirostatOptions): MirostatLink {
  const { mirostatTau, mirostatEta } = options;
  let offered: Candidates | undefined;
  return {
    mu: 2 * mirostatTau,
    apply(c: Candidates): void {
      offered = c;
      const minWeight = Math.min(1, exp(-this.mu * Math.LN2) * weigh(c)); // the best, of weight 1, always stays
      let kept = 0;
      for (let i = 0; i < c.n; i++) if (c.weights[i]! >= minWeight) move(c, i, kept++);
      c.n = kept;
    },
    accept(token: number): void {
      const at = offered === undefined ? -1 : indexOfToken(offered, token);
      if (offered === undefined || at < 0) return; // prompt tokens were not drawn and say nothing
      const surprise = log(weigh(offered) / offered.weights[at]!) / Math.LN2;
      this.mu -= mirostatEta * (surprise - mirostatTau);
    },
  };
}

function indexOfToken(c: Candidates, token: number): number {
  for (let i = 0; i < c.n; i++) if (c.tokens[i] === token) return i;
  return -1;
}
