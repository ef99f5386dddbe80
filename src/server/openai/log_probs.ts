import type { ScoredToken } from '../../protocol/generation.ts';
import type { ServedModel } from '../served.ts';

export interface TokenLogProb {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly id: number;
}

export interface ScoredEntry extends TokenLogProb {
  readonly top_logprobs: readonly TokenLogProb[];
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The least that JSON has for the logarithm of nothing. */
const LEAST = -9999;

/** Tokens with their log-probabilities, as OpenAI spells them. A token's text is its bytes; half a character is U+FFFD there. */
export async function logProbEntries(model: ServedModel, scored: readonly ScoredToken[]): Promise<ScoredEntry[]> {
  const tokens = new Set(scored.flatMap(({ token, top }) => [token, ...top.map((each) => each.token)]));
  const bytes = tokens.size > 0 ? await model.tokenBytes([...tokens]) : [];
  const bytesOf = new Map([...tokens].map((token, i) => [token, bytes[i]!]));
  const entry = (token: number, logProb: number): TokenLogProb => {
    const its = bytesOf.get(token)!;
    return { token: decoder.decode(its), logprob: Math.max(LEAST, logProb), bytes: Array.from(its), id: token };
  };
  return scored.map(({ token, logProb, top }) => ({
    ...entry(token, logProb),
    top_logprobs: top.map((each) => entry(each.token, each.logProb)),
  }));
}
