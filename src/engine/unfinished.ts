import { checkWhole } from '../base/checks.ts';
import { FormatError } from '../base/errors.ts';
import type { MakingOptions, ScoredToken } from '../protocol/generation.ts';
import type { SamplerState } from '../sampling/chain.ts';
import type { SamplerOptions } from '../sampling/options.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { parted } from './answer_options.ts';
import type { SavedConstraint } from './constraint.ts';
import { samplerFor } from './sampler_for.ts';

/** An answer that may go on. Plain data. */
export interface Unfinished {
  readonly settings: SamplerOptions;
  readonly state: SamplerState;
  /** The form that it has, and how much of that has come. */
  readonly heldTo?: SavedConstraint | undefined;
  /** Tokens that the text ends with, and that have not been read yet. */
  readonly unread: readonly number[];
  readonly said: Said;
}

/** An answer so far, for whoever wants all of it once more when it goes on. */
export interface Said {
  readonly tokens: readonly number[];
  /** The token before the first one. */
  readonly after: number;
  /** How it is made. */
  readonly how: MakingOptions;
  readonly nPromptTokens: number;
  /** Of them so many stand in the text; the rest made room. */
  readonly nHead: number;
  readonly nForgotten: number;
  /** It is part of a conversation, which alone knows what may be left out of it. */
  readonly isTalk: boolean;
  /** One for each token, where they were asked for. */
  readonly scores: readonly ScoredToken[];
}

/** Its sampler can be made, its options can be, and its tokens are some. @throws FormatError */
export function checkUnfinished({ settings, state, heldTo, unread, said }: Unfinished, tokenizer: Tokenizer): void {
  try {
    samplerFor(settings, tokenizer).restore(state);
    parted(said.how);
    const token = { min: 0, max: tokenizer.nVocab - 1 };
    const held = heldTo ? [...heldTo.tokens, ...heldTo.known] : [];
    for (const each of [...unread, ...said.tokens, said.after, ...held]) checkWhole('a token', each, token);
    for (const name of ['nPromptTokens', 'nHead', 'nForgotten'] as const) checkWhole(name, said[name], { min: 0 });
    if (!Array.isArray(said.scores)) throw new TypeError('it has no list of scores');
  } catch (cause) {
    throw new FormatError(`the saved session has an answer that cannot go on: ${(cause as Error).message}`, { cause });
  }
}
