import { move, weigh, type Candidates, type SamplerLink } from './candidates.ts';
import { uniform, type RandomState } from './random.ts';

export interface XtcOptions {
  readonly xtcProbability: number;
  readonly xtcThreshold: number;
}

/**
 * XTC, "exclude top choices" (p-e-w, text-generation-webui pull request 6335, 2024): with `xtcProbability`, it drops all
 * candidates with a probability of at least `xtcThreshold`, except the least likely of them. It needs two of these to drop
 * one, so it leaves a confident model alone.
 */
export function xtc(options: XtcOptions, random: RandomState): SamplerLink {
  const { xtcProbability, xtcThreshold } = options;
  return {
    apply(c: Candidates): void {
      if (uniform(random) >= xtcProbability) return;
      const { weights, tokens } = c;
      const minWeight = Math.max(xtcThreshold * weigh(c), Number.MIN_VALUE); // a banned token is no choice to spare
      let spared = -1;
      for (let i = 0; i < c.n; i++) {
        if (weights[i]! < minWeight) continue;
        const isLess = spared < 0 || weights[i]! < weights[spared]!;
        if (isLess || (weights[i] === weights[spared] && tokens[i]! > tokens[spared]!)) spared = i;
      }
      let kept = 0;
      for (let i = 0; i < c.n; i++) if (weights[i]! < minWeight || i === spared) move(c, i, kept++);
      c.n = kept;
    },
  };
}
