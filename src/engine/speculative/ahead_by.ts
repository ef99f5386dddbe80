import type { GenerateOptions } from '../../protocol/generation.ts';
import { Ahead } from './ahead.ts';
import { draftModel, type DraftSession } from './draft_model.ts';
import { measuredPace, steadyPace } from './pace.ts';
import { promptLookup } from './prompt_lookup.ts';

/** What guessing needs of the session that guesses. */
export interface Guessing {
  readonly nCtx: number;
  readonly maxLogits: number;
  readonly nVocab: number;
  readonly draft: DraftSession | undefined;
}

/**
 * The guesses of one answer, made in the way that its options say.
 * @throws RangeError for more guesses than a step has rows of logits, or without a draft model.
 */
export function aheadBy(
  speculate: Exclude<GenerateOptions['speculate'], false | undefined>,
  nDraft: number | undefined,
  { nCtx, maxLogits, nVocab, draft }: Guessing,
): Ahead {
  const most = nDraft ?? maxLogits - 1; // each guess takes a row of logits, and so does the token before them
  if (most < 1 || most >= maxLogits) {
    const came = `${most} guessed tokens per step take ${most + 1} rows of logits, the model has ${maxLogits}`;
    throw new RangeError(`${came}; guess at least 1, and open the model with a larger maxLogits for more`);
  }
  if (speculate === 'draft' && !draft) {
    throw new RangeError('speculate is "draft", but there is no draft model; open the model with one, or use "lookup"');
  }
  const drafter = speculate === 'draft' ? draftModel(draft!) : promptLookup(nCtx);
  const pace = nDraft === undefined ? measuredPace(most, drafter.isFree) : steadyPace(nDraft);
  return new Ahead({ drafter, pace, nDraft: most, nVocab });
}
