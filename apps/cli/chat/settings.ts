/** Settings that change while one talks: the options of the command line that concern answers. */
import type { GenerateOptions } from '../../../src/index.ts';
import { parseArguments, suggestion, UsageError } from '../command.ts';
import { draftOption, modelOptions } from '../models.ts';
import { readSampling, samplingOptions } from '../sampling.ts';
import { samplingNames } from '../sampling_names.ts';
import { optionAliases } from '../words.ts';

export const settingNames: readonly string[] = [...Object.keys(samplingOptions), 'system'];

/** What a model is opened with. */
export const openingOptions = { ...modelOptions, ...draftOption };

const known = new Set([...settingNames, ...Object.keys(openingOptions)]);

const optionOf = new Map<string, string>(
  Object.entries(samplingNames).map(([option, name]) => [name.toLowerCase(), option]),
);

/** `top-k`, which the library calls `topK` and others `top_k`; also in capitals, and by other programs' names. */
export function settingName(given: string): string {
  const bare = given.toLowerCase().replace(/^--?/, '');
  const name = optionOf.get(bare) ?? bare.replaceAll('_', '-');
  if (known.has(name)) return name;
  return [optionAliases.get(name) ?? []].flat().find((alias) => known.has(alias)) ?? name;
}

/**
 * A setting as the command line reads it; the library checks it.
 * @throws UsageError that speaks of settings
 */
export function readSetting(given: string, value: string): GenerateOptions {
  const name = settingName(given);
  try {
    const args = parseArguments([`--${name}=${value}`], samplingOptions, { usage: '', positionals: [0, 0] });
    const read = readSampling(args);
    const { stop, ...rest } = read;
    return (stop?.length ?? 0) > 0 ? { ...rest, stop } : rest;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const isUnknown = error.message.startsWith('there is no option');
    throw new UsageError(
      isUnknown
        ? `there is no setting ${name}${suggestion(name, settingNames) || '; /set lists them'}`
        : error.message.replaceAll('--', ''),
    );
  }
}

/** `temp 0.5`, sorted as the command line lists them. */
export function settingRows(settings: GenerateOptions, from: string): string[][] {
  const values = new Map<string, unknown>(Object.entries(settings));
  return Object.entries(samplingNames)
    .filter(([, name]) => isSet(values.get(name)))
    .map(([option, name]) => [option, shown(values.get(name)), from]);
}

const isSet = (value: unknown): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0);

const shown = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
