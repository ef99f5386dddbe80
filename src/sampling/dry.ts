import { pow } from '../base/math.ts';
import type { Candidates, SamplerLink } from './candidates.ts';
import { recent, type History } from './history.ts';

export interface DryOptions {
  readonly dryMultiplier: number;
  readonly dryBase: number;
  readonly dryAllowedLength: number;
  readonly dryLastN: number;
  readonly dryBreakers: readonly number[];
}

/** Larger penalties would turn a float32 logit into -Infinity, which means banned. */
const MAX_PENALTY = 1e38;

/**
 * DRY, "don't repeat yourself" (p-e-w, text-generation-webui pull request 5677, 2024). If the latest L tokens already stood
 * somewhere in the last `dryLastN`, the token that followed them there would continue the repetition. From L >=
 * `dryAllowedLength` on, that token loses `dryMultiplier * dryBase ** (L - dryAllowedLength)`, where L is its longest match.
 * A match never reaches across a breaker token, and breakers are not penalised.
 *
 * The Z-function of the window read backwards (Gusfield, *Algorithms on Strings*, 1997, 1.4) gives the match lengths at all
 * positions at once, in linear time. Runs while candidate i is still token i.
 */
export function dry(options: DryOptions, history: History, nVocab: number): SamplerLink {
  const { dryMultiplier, dryBase, dryAllowedLength, dryLastN } = options;
  const isBreaker = new Uint8Array(nVocab);
  for (const token of options.dryBreakers) isBreaker[token] = 1;
  const latest = new Int32Array(dryLastN); // the window, latest token first
  const matches = new Int32Array(dryLastN); // matches[i]: how long latest[i…] agrees with latest[0…]
  const longest = new Int32Array(nVocab); // per token; all zero between calls
  return {
    apply({ logits }: Candidates): void {
      const n = Math.min(history.n, dryLastN);
      for (let i = 0; i < n; i++) latest[i] = recent(history, i);
      let limit = 0; // tokens since the last breaker
      while (limit < n && isBreaker[latest[limit]!] === 0) limit++;
      if (limit < dryAllowedLength) return;
      zFunction(latest, n, matches);
      for (let i = 1; i < n; i++) {
        const length = Math.min(matches[i]!, limit);
        const follower = latest[i - 1]!;
        if (length >= dryAllowedLength && length > longest[follower]!) longest[follower] = length;
      }
      for (let i = 0; i < n; i++) {
        const token = latest[i]!;
        const length = longest[token]!;
        if (length === 0) continue;
        longest[token] = 0;
        if (isBreaker[token] !== 0) continue;
        logits[token]! -= Math.min(dryMultiplier * pow(dryBase, length - dryAllowedLength), MAX_PENALTY);
      }
    },
  };
}

/** z[i] = length of the longest common prefix of `text` and `text` from i on, for 1 <= i < n. */
function zFunction(text: Int32Array, n: number, z: Int32Array): void {
  let begin = 0; // [begin, end): the match found so far that reaches furthest
  let end = 0;
  for (let i = 1; i < n; i++) {
    let length = i < end ? Math.min(end - i, z[i - begin]!) : 0;
    while (i + length < n && text[length] === text[i + length]) length++;
    z[i] = length;
    if (i + length > end) {
      begin = i;
      end = i + length;
    }
  }
}
