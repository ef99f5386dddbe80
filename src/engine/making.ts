import type { MakingOptions } from '../protocol/generation.ts';
import type { Sampler } from '../sampling/chain.ts';
import type { SamplerOptions } from '../sampling/options.ts';
import type { Answer } from './answer.ts';
import type { Constraint } from './constraint.ts';
import type { RoomyPrompt } from './room.ts';
import type { Ahead } from './speculative/ahead.ts';
import type { Unfinished } from './unfinished.ts';

/** An answer that is made. */
export interface Making {
  readonly how: MakingOptions;
  /** The sampler's, its seed among them. */
  readonly settings: SamplerOptions;
  readonly sampler: Sampler;
  /** What it is held to, if to anything. */
  readonly constraint?: Constraint | undefined;
  readonly answer: Answer;
  /** Another one once there was no room for it. */
  prompt: RoomyPrompt;
  readonly nPromptTokens: number;
  /** Prompt and answer. After each token it is what the sampler knows. */
  text: number[];
}

/** How the next step is made. */
export interface GoingOn {
  readonly ahead: Ahead | undefined;
  readonly nBest: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** How answers are held to a form is loaded with the first that is. */
export const constraints = async () => (await import('./constraint.ts')).Constraint;

/** How it would go on. @param unread what the text ends with, and the states do not know */
export function unfinishedOf(making: Making, unread: readonly number[]): Unfinished {
  const { how, settings, sampler, constraint, answer, prompt, nPromptTokens } = making;
  const nHead = Math.min(prompt.tokens.length, making.text.length);
  const { nForgotten, shorten } = prompt;
  const said = { ...answer.said, how, nPromptTokens, nHead, nForgotten, isTalk: shorten !== undefined };
  return { settings, state: sampler.save(), heldTo: constraint?.saved, unread, said };
}
