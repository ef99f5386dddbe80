import { expEach, log } from '../base/math.ts';
import { checkWhole } from '../base/checks.ts';

export interface TokenLogProb {
  readonly token: number;
  /** Natural logarithm of the probability. */
  readonly logProb: number;
}

export interface LogProbs {
  readonly logProb: number;
  /** The most likely tokens, best first; equals ordered by token. */
  readonly top: readonly TokenLogProb[];
}

/**
 * The log-probability of `token`, and of the `nTop` most likely tokens, as the model gave them: from raw logits, before any
 * sampler link.
 */
export function logProbs(logits: Float32Array, token: number, nTop: number): LogProbs {
  const nVocab = logits.length;
  checkWhole('logProbs: token', token, { min: 0, max: nVocab - 1 });
  checkWhole('logProbs: nTop', nTop, { min: 0, max: nVocab });
  let max = -Infinity;
  for (let i = 0; i < nVocab; i++) if (logits[i]! > max) max = logits[i]!;
  const weights = new Float64Array(nVocab);
  for (let i = 0; i < nVocab; i++) weights[i] = logits[i]! - max;
  expEach(weights, nVocab);
  let total = 0;
  for (let i = 0; i < nVocab; i++) total += weights[i]!;
  const logTotal = log(total);
  const logProbOf = (t: number): number => logits[t]! - max - logTotal;
  return { logProb: logProbOf(token), top: topTokens(logits, nTop).map((t) => ({ token: t, logProb: logProbOf(t) })) };
}

/** Inserts into a short sorted list. Its first comparison refuses nearly every logit. */
function topTokens(logits: Float32Array, nTop: number): number[] {
  const top: number[] = [];
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token]!;
    if (top.length === nTop && !(nTop > 0 && logit > logits[top[nTop - 1]!]!)) continue;
    let at = top.length < nTop ? top.length : nTop - 1;
    for (; at > 0 && logits[top[at - 1]!]! < logit; at--) top[at] = top[at - 1]!;
    top[at] = token;
  }
  return top;
}
