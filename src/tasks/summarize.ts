import type { Model } from '../api/model.ts';
import { answerOf, counterOf, isCut } from './ask.ts';
import { roomFor } from './each_piece.ts';
import { nameOfTag } from './languages.ts';
import { checkTask, type TaskOptions, type TaskResult } from './options.ts';
import { piecesOf } from './pieces.ts';
import { partPrompt, summaryPrompt, type Length, type SummaryType } from './prompts.ts';
import { sizeOf } from './sizes.ts';
import { taskOf, type Task } from './task.ts';

export interface SummarizeOptions extends TaskOptions {
  /** A list of points, a summary (`tldr`), a teaser or a headline. Default `tldr`. */
  readonly type?: SummaryType | undefined;
  /** Sentences: 1, 3 or 5; points: 3, 5 or 7; words of a headline: 12, 17 or 22. Default `short`. */
  readonly length?: Length | undefined;
  readonly format?: 'plain-text' | 'markdown' | undefined;
  /** The language of the summary, as a tag: `en`. Default: the model decides, and mostly takes the text's. */
  readonly language?: string | undefined;
}

export const summarizeChoices = {
  type: ['key-points', 'tldr', 'teaser', 'headline'],
  length: ['short', 'medium', 'long'],
  format: ['plain-text', 'markdown'],
} as const;

/** Tokens of a summary, at most. */
const answerTokens: Readonly<Record<Length, number>> = { short: 160, medium: 320, long: 640 };

/** A part of a long text becomes at most a third of it, so that rounds of summing up come to an end. */
const partShare = 3;

/**
 * Says what a text says, in less. A text that is too long for one question is read in parts; what each says is summed up once more, until all of it fits. The pieces
 * of the stream are those of the last summary.
 */
export function summarize(model: Model, text: string, options: SummarizeOptions = {}): Task<TaskResult> {
  return taskOf((signal) => summarizing(model, text, options, signal), options?.signal);
}

/** What the model is told. */
export function summarizeInstruction(model: Model, options: SummarizeOptions): string {
  const { type = 'tldr', length = 'short', format, context } = options;
  const { size } = sizeOf(model.info.nParams);
  return summaryPrompt(size, { type, length, format, context, language: nameOfTag(options.language) });
}

async function* summarizing(
  model: Model,
  text: string,
  options: SummarizeOptions,
  signal: AbortSignal,
): AsyncGenerator<string, TaskResult> {
  checkTask('summarize', { model, text, options }, summarizeChoices, ['language']);
  const { length = 'short', sampling = {}, onProgress } = options;
  const instruction = summarizeInstruction(model, options);
  if (text.trim() === '') return { text: '', nPieces: 0, nCut: 0 };
  const { size, pieceTokens } = sizeOf(model.info.nParams);
  const count = counterOf(model);
  const [nInstruction = 0] = await count([instruction]);
  const room = roomFor(model.info.nCtx - answerTokens[length], nInstruction, 0);
  const maxTokens = Math.min(pieceTokens, room);
  const part = { instruction: partPrompt(size, { context: options.context, language: nameOfTag(options.language) }) };
  let nPieces = 0;
  let nCut = 0;
  let rest = text.trim();
  for (;;) {
    const pieces = await piecesOf(rest, { maxTokens, count });
    if (pieces.length <= 1) break;
    const sums: string[] = [];
    for (const { text: piece } of pieces) {
      if (piece === '') continue;
      onProgress?.(nPieces, nPieces + pieces.length - sums.length + 1);
      const how = { maxTokens: Math.floor(maxTokens / partShare), sampling, signal };
      const { text: sum, stopReason } = await lastOf(answerOf(model, { ...part, text: piece }, how));
      sums.push(sum);
      nPieces++;
      if (isCut(stopReason)) nCut++;
    }
    rest = sums.join('\n\n');
  }
  if (rest === '') return { text: '', nPieces, nCut }; // the model had nothing to say
  onProgress?.(nPieces, nPieces + 1);
  const how = { maxTokens: answerTokens[length], sampling, signal };
  const answer = yield* answerOf(model, { instruction, text: rest }, how);
  onProgress?.(nPieces + 1, nPieces + 1);
  return { text: answer.text, nPieces: nPieces + 1, nCut: nCut + (isCut(answer.stopReason) ? 1 : 0) };
}

async function lastOf<Result>(steps: AsyncGenerator<unknown, Result>): Promise<Result> {
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
  }
}
