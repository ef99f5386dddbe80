import type { Best } from '../base/best.ts';
import type { Candidates } from './candidates.ts';
import type { CheckedOptions } from './options.ts';

/** More of the best than a draw keeps, where penalties may move some of them behind others. */
const SPARE = 64;

/**
 * How many of the best logits a draw keeps, whatever the others are; undefined where all count, or where a bias or a penalty may raise a
 * logit that is not among the best.
 */
export function keptBest(o: CheckedOptions): number | undefined {
  const isOnlyLowering =
    o.repeatPenalty >= 1 &&
    o.presencePenalty >= 0 &&
    o.frequencyPenalty >= 0 &&
    o.logitBias.every(([, bias]) => bias <= 0);
  if (!isOnlyLowering) return undefined;
  if (o.temperature === 0) return 1;
  return o.topK > 0 && o.mirostatTau === 0 ? o.topK : undefined;
}

/** How many of the best should be fetched to keep so many. */
export const fetchedBest = (nKept: number, isAdjusted: boolean): number => nKept + (isAdjusted ? SPARE : 0);

/** Puts the best where links look for them that take candidate i for token i. The logits of others are whatever was there before. */
export function spreadBest({ logits }: Candidates, best: Best): void {
  for (let i = 0; i < best.n; i++) logits[best.tokens[i]!] = best.logits[i]!;
}

/**
 * Makes the best the candidates, with their logits as links left them. Whether at least `nKept` of them are still before all logits that
 * were not fetched: these come behind the worst that was, and links have only lowered them.
 */
export function gatherBest(c: Candidates, best: Best, nKept: number): boolean {
  const { tokens, logits, weights } = c;
  const { n } = best;
  let worst = 0;
  for (let i = 1; i < n; i++) {
    const difference = best.logits[i]! - best.logits[worst]!;
    if (difference < 0 || (difference === 0 && best.tokens[i]! > best.tokens[worst]!)) worst = i;
  }
  const [least, last] = [best.logits[worst]!, best.tokens[worst]!];
  let nBefore = 0;
  for (let i = 0; i < n; i++) {
    const token = best.tokens[i]!;
    const logit = logits[token]!;
    if (logit > least || (logit === least && token <= last)) nBefore++;
    tokens[i] = token;
    weights[i] = logit; // a place to rest: the array of logits is still read
  }
  for (let i = 0; i < n; i++) logits[i] = weights[i]!;
  c.n = n;
  c.sorted = false;
  c.weighed = false;
  return nBefore >= nKept && least > -Infinity;
}
