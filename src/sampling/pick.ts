import { maxLogit, weigh, type Candidates } from './candidates.ts';
import { uniform, type RandomState } from './random.ts';

/** The token with the largest logit, while candidates are in the order of tokens; among equals the lowest token. */
export function pickBest(c: Candidates): number {
  return c.tokens[c.logits.indexOf(maxLogit(c))]!;
}

/** A token drawn with its probability. */
export function pickRandom(c: Candidates, random: RandomState): number {
  const target = uniform(random) * weigh(c);
  let mass = 0;
  let picked = 0;
  for (let i = 0; i < c.n && mass <= target; i++) {
    if (c.weights[i] === 0) continue;
    mass += c.weights[i]!;
    picked = i;
  }
  return c.tokens[picked]!;
}
