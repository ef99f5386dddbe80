import { logProbs } from '../sampling/log_probs.ts';
import type { Session } from './session.ts';

/** Called between steps, so that others get a turn; throws to stop. */
export type Pause = () => Promise<void>;

/** Log-probabilities of `tokens[firstRow + 1 …]`, each given all tokens before it. */
export async function scoreTokens(
  session: Session,
  tokens: ArrayLike<number>,
  firstRow: number,
  pause: Pause,
): Promise<Float64Array> {
  const scores = new Float64Array(Math.max(0, tokens.length - 1 - firstRow));
  const { nVocab } = session;
  let row = firstRow;
  for await (const rows of session.logits(tokens, firstRow)) {
    for (let at = 0; at < rows.length && row < tokens.length - 1; at += nVocab, row++) {
      scores[row - firstRow] = logProbs(rows.subarray(at, at + nVocab), tokens[row + 1]!, 0).logProb;
    }
    await pause();
  }
  return scores;
}

/**
 * Log-probabilities of the tokens of each continuation, given the text and those before it. The text is read once, and its last row of
 * logits serves the first tokens of all; a continuation of one token costs nothing more.
 */
export async function scoreContinuations(
  session: Session,
  text: ArrayLike<number>,
  continuations: readonly ArrayLike<number>[],
  pause: Pause,
): Promise<Float64Array[]> {
  let behindText = new Float32Array(0); // [nVocab]
  for await (const rows of session.logits(text, text.length - 1)) {
    behindText = rows.slice();
    await pause();
  }
  await session.mark();
  const all: Float64Array[] = [];
  for (const tokens of continuations) {
    session.truncate(text.length);
    const scores = new Float64Array(tokens.length);
    if (tokens.length > 0) scores[0] = logProbs(behindText, tokens[0]!, 0).logProb;
    const { nVocab } = session;
    let row = 1;
    for await (const rows of session.logitsBehind(Array.prototype.slice.call(tokens, 0, -1) as number[])) {
      for (let at = 0; at < rows.length; at += nVocab, row++) {
        scores[row] = logProbs(rows.subarray(at, at + nVocab), tokens[row]!, 0).logProb;
      }
      await pause();
    }
    all.push(scores);
  }
  return all;
}
