import { checkNames, checkOneOf, checkWhole } from '../base/checks.ts';
import type { GenerateOptions, MakingOptions, ResumeOptions } from '../protocol/generation.ts';
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

/** Checks what is not the sampler's. */
export function parted(options: GenerateOptions): { how: MakingOptions; sampling: SamplerOptions } {
  const { maxTokens, stop, onFull, onLoop, ignoreEos, logProbs, speculate, nDraft, ...sampling } = options;
  checkWhole('maxTokens', maxTokens ?? 1, { min: 1 });
  checkOneOf('onFull', onFull ?? 'stop', ['stop', 'shift']);
  checkOneOf('onLoop', onLoop ?? 'stop', ['stop', 'ignore']);
  checkWhole('logProbs', logProbs ?? 0, { min: 0, max: 100 });
  checkOneOf('speculate', speculate ?? false, [false, 'lookup', 'draft']);
  checkWhole('nDraft', nDraft ?? 1, { min: 1 });
  return { how: { maxTokens, stop, onFull, onLoop, ignoreEos, logProbs, speculate, nDraft }, sampling };
}
