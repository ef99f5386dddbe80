import type { Model } from '../api/model.ts';
import { eachPiece } from './each_piece.ts';
import { edited, editsBetween, shareKept, typeOf, wordsMoreIn, type Edit, type EditType } from './edits.ts';
import { checkTask, type TaskOptions, type TaskResult } from './options.ts';
import { proofreadingPrompt } from './prompts.ts';
import { sizeOf } from './sizes.ts';
import { taskOf, type Task } from './task.ts';

export interface ProofreadOptions extends TaskOptions {}

/** A mistake, and what belongs there. */
export interface Correction extends Edit {
  /** By what the edit changes; `preposition` in English alone. */
  readonly type: EditType;
}

export interface Proofread extends TaskResult {
  /** The text with all corrections. */
  readonly text: string;
  /** From the beginning of the text to its end; positions are those of the text that was given. */
  readonly corrections: readonly Correction[];
  /** Where the model's answer was not a correction but another text: these places stay as they were. */
  readonly skipped: readonly Pick<Edit, 'start' | 'end'>[];
}

/** Words that a correction has in common with its text, at least. */
const minKept = 0.5;

/** Words that an edit puts in or takes away, at most: more are a sentence that the model forgot, or made up. */
const maxWords = 3;

/** Corrections of a sentence may put words in. */
const growth = 1.5;

const sampling = { temperature: 0 };

/**
 * Finds mistakes of spelling, punctuation and grammar. The stream is the corrected text as the model says it; the result is what counts: there, what the model
 * changed beyond recognition is as it was.
 */
export function proofread(model: Model, text: string, options: ProofreadOptions = {}): Task<Proofread> {
  return taskOf((signal) => proofreading(model, text, options, signal), options?.signal);
}

/** What the model is told. */
export const proofreadInstruction = (model: Model, { context }: ProofreadOptions): string =>
  proofreadingPrompt(sizeOf(model.info.nParams).size, { context });

async function* proofreading(
  model: Model,
  text: string,
  options: ProofreadOptions,
  signal: AbortSignal,
): AsyncGenerator<string, Proofread> {
  checkTask('proofread', { model, text, options }, {});
  const corrections: Correction[] = [];
  const skipped: Pick<Edit, 'start' | 'end'>[] = [];
  let at = 0;
  const heard = (
    { before, text: piece }: { readonly before: string; readonly text: string },
    answer: string,
  ): string => {
    const start = at + before.length;
    at = start + piece.length;
    if (shareKept(piece, answer) < minKept) {
      skipped.push({ start, end: at });
      return piece;
    }
    const edits = editsBetween(piece, answer);
    const kept = edits.filter((edit) => Math.abs(wordsMoreIn(piece, edit)) <= maxWords);
    for (const edit of edits) {
      const place = { start: start + edit.start, end: start + edit.end };
      if (kept.includes(edit)) corrections.push({ ...edit, ...place, type: typeOf(piece, edit) });
      else skipped.push(place);
    }
    return edited(piece, kept);
  };
  const { carefulTokens } = sizeOf(model.info.nParams);
  const each = { instruction: proofreadInstruction(model, options), maxTokens: carefulTokens, growth, byLine: true };
  const asked = { ...options, sampling: { ...sampling, ...options.sampling } };
  const result = yield* eachPiece(model, text, each, asked, signal, heard);
  return { ...result, corrections, skipped };
}
