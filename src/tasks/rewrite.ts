import type { Model } from '../api/model.ts';
import { answerOf, isCut } from './ask.ts';
import { eachPiece } from './each_piece.ts';
import { nameOfTag } from './languages.ts';
import { checkTask, type TaskOptions, type TaskResult } from './options.ts';
import { rewritePrompt, writePrompt, type Change, type Length, type Tone } from './prompts.ts';
import { sizeOf } from './sizes.ts';
import { taskOf, type Task } from './task.ts';

export interface RewriteOptions extends TaskOptions {
  /** Default `as-is`. */
  readonly tone?: Tone | undefined;
  /** Default `as-is`. */
  readonly length?: Change | undefined;
  /** Default `as-is`. */
  readonly format?: 'as-is' | 'plain-text' | 'markdown' | undefined;
  /** What else to change, in words. */
  readonly instruction?: string | undefined;
  /** The language of the new text, as a tag. Default: the model decides, and mostly takes the text's. */
  readonly language?: string | undefined;
}

export const rewriteChoices = {
  tone: ['as-is', 'more-formal', 'more-casual'],
  length: ['as-is', 'shorter', 'longer'],
  format: ['as-is', 'plain-text', 'markdown'],
} as const;

/** Tokens of the new text for each token of the old one, at most. */
const growths: Readonly<Record<Change, number>> = { 'as-is': 2, shorter: 1.2, longer: 4 };

/** Says a text in other words. A long one is rewritten piece by piece; white space between pieces stays. */
export function rewrite(model: Model, text: string, options: RewriteOptions = {}): Task<TaskResult> {
  return taskOf((signal) => rewriting(model, text, options, signal), options?.signal);
}

/** What the model is told. */
export function rewriteInstruction(model: Model, options: RewriteOptions): string {
  const { tone = 'as-is', length = 'as-is', format, instruction, language, context } = options;
  const { size } = sizeOf(model.info.nParams);
  return rewritePrompt(size, { tone, length, format, instruction, context, language: nameOfTag(language) });
}

async function* rewriting(
  model: Model,
  text: string,
  options: RewriteOptions,
  signal: AbortSignal,
): AsyncGenerator<string, TaskResult> {
  checkTask('rewrite', { model, text, options }, rewriteChoices, ['instruction', 'language']);
  const { pieceTokens } = sizeOf(model.info.nParams);
  const instruction = rewriteInstruction(model, options);
  const growth = growths[options.length ?? 'as-is'];
  return yield* eachPiece(model, text, { instruction, maxTokens: pieceTokens, growth }, options, signal);
}

export interface WriteOptions extends TaskOptions {
  /** Default `neutral`. */
  readonly tone?: 'formal' | 'neutral' | 'casual' | undefined;
  /** Default `short`. */
  readonly length?: Length | undefined;
  readonly format?: 'plain-text' | 'markdown' | undefined;
  /** The language of the text, as a tag. Default: the model decides. */
  readonly language?: string | undefined;
}

export const writeChoices = {
  tone: ['formal', 'neutral', 'casual'],
  length: ['short', 'medium', 'long'],
  format: ['plain-text', 'markdown'],
} as const;

/** Tokens of a text of each length, at most. */
export const writtenTokens: Readonly<Record<Length, number>> = { short: 256, medium: 768, long: 2048 };

/** Writes a text: `wish` says of what. */
export function write(model: Model, wish: string, options: WriteOptions = {}): Task<TaskResult> {
  return taskOf((signal) => writing(model, wish, options, signal), options?.signal);
}

/** What the model is told. */
export function writeInstruction(model: Model, options: WriteOptions): string {
  const { tone = 'neutral', length = 'short', format, language, context } = options;
  const { size } = sizeOf(model.info.nParams);
  return writePrompt(size, { tone, length, format, context, language: nameOfTag(language) });
}

async function* writing(
  model: Model,
  text: string,
  options: WriteOptions,
  signal: AbortSignal,
): AsyncGenerator<string, TaskResult> {
  checkTask('write', { model, text, options }, writeChoices, ['language']);
  const { length = 'short', sampling = {}, onProgress } = options;
  onProgress?.(0, 1);
  const how = { maxTokens: writtenTokens[length], sampling, signal };
  const answer = yield* answerOf(model, { instruction: writeInstruction(model, options), text }, how);
  onProgress?.(1, 1);
  return { text: answer.text, nPieces: 1, nCut: isCut(answer.stopReason) ? 1 : 0 };
}
