import { createCandidates, type Candidates } from '../../src/sampling/candidates.ts';

/** Candidates as a plain list: what the slow, obvious definitions in these tests work on. */
export interface Entry {
  readonly token: number;
  readonly logit: number;
}

/** Park & Miller's minimal standard generator: uniform in (0, 1). */
export function lehmer(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** Roughly normal logits, `[n]`; `step` > 0 rounds them to its multiples so that many are equal. */
export function randomLogits(n: number, seed: number, step = 0): Float32Array {
  const random = lehmer(seed);
  return Float32Array.from({ length: n }, () => {
    const logit = (random() + random() + random() + random() - 2) * 6;
    return step > 0 ? Math.round(logit / step) * step : logit;
  });
}

export function load(logits: Float32Array): Candidates {
  const c = createCandidates(logits.length);
  c.logits.set(logits);
  c.tokens.set([...logits.keys()]);
  c.n = logits.length;
  return c;
}

export function entries(c: Candidates): Entry[] {
  return Array.from({ length: c.n }, (_, i) => ({ token: c.tokens[i]!, logit: c.logits[i]! }));
}

export function toEntries(logits: Float32Array): Entry[] {
  return Array.from(logits, (logit, token) => ({ token, logit }));
}

export function softmax(list: readonly Entry[]): number[] {
  const max = Math.max(...list.map((e) => e.logit));
  const weights = list.map((e) => Math.exp(e.logit - max));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

export const best = (a: Entry, b: Entry): number => b.logit - a.logit || a.token - b.token;

/** The shortest prefix of `list` whose probabilities (by token) sum to at least `p`. */
export function shortestPrefix(list: readonly Entry[], probs: ReadonlyMap<number, number>, p: number): Entry[] {
  let mass = 0;
  const end = list.findIndex((e) => (mass += probs.get(e.token)!) >= p);
  return list.slice(0, end < 0 ? list.length : end + 1);
}

export const tokensOf = (list: readonly Entry[]): number[] => list.map((e) => e.token).sort((a, b) => a - b);
