import type { Best } from '../base/best.ts';
import { selectTop, type Candidates } from './candidates.ts';
import { notFiniteAt, type Sampler } from './chain.ts';
import type { CheckedOptions } from './options.ts';

/** More of the best than a draw keeps, where penalties may move some of them behind others. */
const SPARE = 64;

/** Draws as a sampler does, from the best logits alone. */
export interface BestDraw {
  /** How many of the best decide, as a rule. 1: it is always the best one that is drawn. */
  readonly nBest: number;
  /** Chooses from the best as `sample` does from all; undefined, and nothing has happened, where others might be chosen. */
  sample(best: Best): number | undefined;
}

/** Draws of a sampler from the best logits; undefined where all of them count. */
export function bestDraw({ parts }: Sampler): BestDraw | undefined {
  const { options, candidates, adjusting, draw } = parts;
  const nKept = keptBest(options);
  if (nKept === undefined) return undefined;
  return {
    nBest: nKept + (adjusting.length > 0 ? SPARE : 0),
    sample(best) {
      checkBest(best);
      spread(candidates, best);
      for (const link of adjusting) link.apply(candidates);
      if (!gather(candidates, best, nKept)) return undefined;
      if (options.temperature > 0) return draw();
      selectTop(candidates, 0, 1);
      return candidates.tokens[0]!;
    },
  };
}

/** @throws FormatError as `sample` does: what is no number is among the best, and so is a number if there is any. */
function checkBest({ n, tokens, logits }: Best): void {
  let hasNumber = false;
  for (let i = 0; i < n; i++) {
    if (!(logits[i]! < Infinity)) throw notFiniteAt(tokens[i]!, logits[i]!);
    hasNumber ||= logits[i]! > -Infinity;
  }
  if (!hasNumber) throw notFiniteAt(tokens[0]!, -Infinity);
}

/**
 * How many of the best logits a draw keeps, whatever the others are; undefined where all count, or where a bias or a penalty may raise a
 * logit that is not among the best.
 */
function keptBest(o: CheckedOptions): number | undefined {
  const isOnlyLowering =
    o.repeatPenalty >= 1 &&
    o.presencePenalty >= 0 &&
    o.frequencyPenalty >= 0 &&
    o.logitBias.every(([, bias]) => bias <= 0);
  if (!isOnlyLowering) return undefined;
  if (o.temperature === 0) return 1;
  return o.topK > 0 && o.mirostatTau === 0 ? o.topK : undefined;
}

/** Puts the best where links look for them that take candidate i for token i. The logits of others are whatever was there before. */
function spread({ logits }: Candidates, best: Best): void {
  for (let i = 0; i < best.n; i++) logits[best.tokens[i]!] = best.logits[i]!;
}

/**
 * Makes the best the candidates, with their logits as links left them. Whether at least `nKept` of them are still before all logits that
 * were not fetched: these come behind the worst that was, and links have only lowered them.
 */
function gather(c: Candidates, best: Best, nKept: number): boolean {
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
