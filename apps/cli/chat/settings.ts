/** Settings that change while one talks: the options of the command line that concern answers. */
import type { GenerateOptions } from '../../../src/index.ts';
import { parseArguments, suggestion, UsageError } from '../command.ts';
import { readSampling, samplingOptions } from '../sampling.ts';
import { samplingNames } from '../sampling_names.ts';

export const settingNames: readonly string[] = [...Object.keys(samplingOptions), 'system'];

const optionOf = new Map<string, string>(Object.entries(samplingNames).map(([option, name]) => [name, option]));

/** `top-k`, which the library calls `topK` and others `top_k`. */
export function settingName(given: string): string {
  const name = given.replace(/^--?/, '');
  return optionOf.get(name) ?? name.replaceAll('_', '-');
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
