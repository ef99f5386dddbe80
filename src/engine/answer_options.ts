import { checkNames, checkOneOf, checkWhole } from '../base/checks.ts';
import type { ConstraintOptions, GenerateOptions, MakingOptions, ResumeOptions } from '../protocol/generation.ts';
import type { SamplerOptions } from '../sampling/options.ts';

const RESUME_OPTIONS = Object.keys({
  maxTokens: true,
  stop: true,
  onLoop: true,
  ignoreEos: true,
  logProbs: true,
  speculate: true,
  nDraft: true,
  whole: true,
} satisfies Record<keyof ResumeOptions, true>);

/** @throws TypeError for options of `resume` that nobody reads. */
export const checkResume = (options: ResumeOptions): void => checkNames('option of resume', options, RESUME_OPTIONS);

/** Options, some of which are given anew. @param shifts whether it is known what may be left out of the text */
export function changed(how: MakingOptions, given: MakingOptions, shifts: boolean): MakingOptions {
  const news = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { onFull, ...rest } = { ...how, ...news };
  return shifts ? { ...rest, onFull } : rest;
}

/** The options of an answer, by who reads them. */
export interface Parted {
  readonly how: MakingOptions;
  readonly sampling: SamplerOptions;
  /** What the answer is held to, if to anything. */
  readonly heldTo: ConstraintOptions | undefined;
}

/** Checks what is neither the sampler's nor a constraint. */
export function parted(options: GenerateOptions): Parted {
  const { maxTokens, stop, onFull, onLoop, ignoreEos, logProbs, speculate, nDraft, ...others } = options;
  const { schema, grammar, regexp, calls, ...sampling } = others;
  checkWhole('maxTokens', maxTokens ?? 1, { min: 1 });
  checkOneOf('onFull', onFull ?? 'stop', ['stop', 'shift']);
  checkOneOf('onLoop', onLoop ?? 'stop', ['stop', 'ignore']);
  checkWhole('logProbs', logProbs ?? 0, { min: 0, max: 100 });
  checkOneOf('speculate', speculate ?? false, [false, 'lookup', 'draft']);
  checkWhole('nDraft', nDraft ?? 1, { min: 1 });
  const how = { maxTokens, stop, onFull, onLoop, ignoreEos, logProbs, speculate, nDraft };
  return { how, sampling, heldTo: isHeld(options) ? { schema, grammar, regexp, calls } : undefined };
}

export const isHeld = ({ schema, grammar, regexp, calls }: ConstraintOptions): boolean =>
  (schema ?? grammar ?? regexp ?? calls) !== undefined;
