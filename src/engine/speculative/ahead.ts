import type { Speculation } from '../../protocol/generation.ts';
import type { Drafter } from './drafter.ts';
import type { Pace } from './pace.ts';

/**
 * The guesses of one answer: the tokens that the latest step read beyond the text, and how many of them the text has
 * followed.
 *
 *     step     token  guess guess guess        `tokens`, at positions nPast, nPast + 1, …
 *     logits   row 0  row 1 row 2 row 3        row i follows token i
 *
 * The sampler draws a token from row 0. Where it is the first guess, row 1 holds the next logits, and so on. At the first
 * token that is not the guess, the remaining rows are void, and so are the keys and values of the guesses: the next step
 * begins at their position and overwrites them.
 */
export class Ahead {
  private readonly drafter: Drafter;
  private readonly pace: Pace;
  private readonly nVocab: number;
  private readonly tokens: Int32Array; // [1 + nDraft]
  private rows: Float32Array = new Float32Array(0); // [1 + nVerified, nVocab]
  private nGuesses = 0;
  /** Guesses that were part of the step, at most `nGuesses`. */
  private nVerified = 0;
  /** Guesses that came true. */
  private nFollowed = 0;
  private startMs = 0;
  private nDrafted = 0;
  private nAccepted = 0;
  private nSteps = 0;

  /** @param options `nDraft`: most guesses per step. */
  constructor({ drafter, pace, nDraft, nVocab }: AheadOptions) {
    this.drafter = drafter;
    this.pace = pace;
    this.nVocab = nVocab;
    this.tokens = new Int32Array(1 + nDraft);
  }

  /** The logits after `token` `[nVocab]`, if it was the next guess; the position of the guess is then part of the text. */
  follow(token: number): Float32Array | undefined {
    const i = this.nFollowed;
    if (i >= this.nGuesses) return undefined;
    const hit = this.tokens[1 + i] === token;
    this.pace.seen(hit);
    if (!hit || i >= this.nVerified) {
      this.nGuesses = 0;
      return undefined;
    }
    this.nFollowed++;
    this.nAccepted++;
    return this.rows.subarray((i + 1) * this.nVocab, (i + 2) * this.nVocab);
  }

  /**
   * The tokens of the next step: the last of `text`, and at most `most` guesses. Valid until the next call.
   * @param nPossible how many of the guesses, from the first on, may come at all
   */
  async next(
    text: Int32Array,
    most: number,
    nPossible = (guesses: Int32Array): number => guesses.length,
  ): Promise<Int32Array> {
    this.startMs = performance.now();
    const { tokens, drafter } = this;
    const n = this.pace.length(Math.max(0, most));
    tokens[0] = text[text.length - 1]!;
    const nAsked = n === 0 && drafter.isFree ? 1 : n;
    const nDrafted = nAsked === 0 ? 0 : await drafter.draft(text, tokens.subarray(1, 1 + nAsked));
    this.nGuesses = nPossible(tokens.subarray(1, 1 + nDrafted));
    this.nVerified = Math.min(n, this.nGuesses);
    this.nFollowed = 0;
    return tokens.subarray(0, 1 + this.nVerified);
  }

  /**
   * The step ran, with these logits; returns those after the text's last token. They are read until the next step.
   * @param nAgain tokens that it read once more, because of wrong guesses before: a step without guesses takes longer by them than it should
   */
  ran(rows: Float32Array, nAgain: number): Float32Array {
    this.rows = rows;
    this.nSteps++;
    this.nDrafted += this.nVerified;
    if (nAgain === 0 || this.nVerified > 0) this.pace.ran(this.nVerified, performance.now() - this.startMs);
    return rows.subarray(0, this.nVocab);
  }

  report(): Speculation {
    const { nDrafted, nAccepted, nSteps } = this;
    return { nDrafted, nAccepted, nSteps, acceptance: nDrafted === 0 ? 0 : nAccepted / nDrafted };
  }
}

export interface AheadOptions {
  readonly drafter: Drafter;
  readonly pace: Pace;
  readonly nDraft: number;
  readonly nVocab: number;
}
