import type { Model } from '../api/model.ts';
import { eachPiece } from './each_piece.ts';
import { areSame, languageName, languageTag } from './languages.ts';
import { checkTask, type TaskOptions, type TaskResult } from './options.ts';
import { hasWords } from './pieces.ts';
import { translationPrompt } from './prompts.ts';
import { sizeOf } from './sizes.ts';
import { taskOf, type Task } from './task.ts';

export interface TranslateOptions extends TaskOptions {
  /** The language to translate into, as a tag: `fr`, `pt-BR`. */
  readonly to: string;
  /** The text's language. Default: what `detectLanguage` finds; where it finds none, the model sees for itself. */
  readonly from?: string | undefined;
}

export interface Translation extends TaskResult {
  /** The text's language: as it was given, or found. */
  readonly from: string | undefined;
}

/** Tokens of a translation for each token of its text, at most: tokens of other scripts are short. */
const growth = 4;

/** The likeliest words; a model's own penalties for repetition would punish what two languages share. */
const sampling = { temperature: 0 };

/**
 * Translates a text. A long one is translated piece by piece, at sentences or paragraphs; white space between pieces stays. How good that is depends on the model and on the
 * pair: `npm run bench -- translate` measures it.
 */
export function translate(model: Model, text: string, options: TranslateOptions): Task<Translation> {
  return taskOf((signal) => translating(model, text, options, signal), options?.signal);
}

/** What the model is told. */
export function translateInstruction(model: Model, { from, to, context }: TranslateOptions): string {
  const { size } = sizeOf(model.info.nParams);
  const names = { from: from === undefined ? undefined : languageName(from), to: languageName(to)! };
  return translationPrompt(size, { ...names, context });
}

async function* translating(
  model: Model,
  text: string,
  options: TranslateOptions,
  signal: AbortSignal,
): AsyncGenerator<string, Translation> {
  checkTask('translate', { model, text, options: options ?? {} }, {}, ['to', 'from']);
  const to = languageTag('to', options?.to);
  const from = options.from === undefined ? await foundIn(text) : languageTag('from', options.from);
  const isThere = from !== undefined && (from === to || (options.from === undefined && areSame(from, to)));
  if (!hasWords(text) || isThere) {
    if (text !== '') yield text;
    return { text, nPieces: 0, nCut: 0, from };
  }
  const instruction = translateInstruction(model, { ...options, from, to });
  const { size, carefulTokens } = sizeOf(model.info.nParams);
  const each = { instruction, maxTokens: carefulTokens, growth, byLine: true, isJoined: size === 'tiny' };
  const result = yield* eachPiece(
    model,
    text,
    each,
    { ...options, sampling: { ...sampling, ...options.sampling } },
    signal,
  );
  return { ...result, from };
}

/** The language of a text, where that is clear. */
async function foundIn(text: string): Promise<string | undefined> {
  const { detectLanguage } = await import('./detect_language.ts');
  const [first] = await detectLanguage(text);
  return first && first.confidence > 0.5 ? first.language : undefined;
}
