/**
 * How models spell their calls: a row for each way. The template says which it is, since it shows the model its own earlier calls. A new way
 * is a row in one of two files, or, where calls have another shape, a reader in `calls.ts` and a grammar in `call_grammar.ts` as well.
 */
import type { ToolFormat, ToolWay } from './format.ts';
import { taggedFormats } from './tagged_formats.ts';
import { generic, valueFormats } from './value_formats.ts';

/** The first row that a template speaks of is its own. */
export const formats: readonly ToolFormat[] = [...taggedFormats, ...valueFormats];

/** What a model that reads tools says of its calls. */
export interface Caller {
  /** The source of its template. */
  readonly template: string;
  /** Whether a text is a token of the vocabulary by itself. */
  readonly isToken: (text: string) => boolean;
}

/** The way in which a model whose template reads tools spells its calls: what the template says, else what the vocabulary has tokens for. */
export function formatOf({ template, isToken }: Caller): ToolFormat {
  const lacksNone = ({ lacks = [] }: ToolFormat) => !lacks.some((text) => template.includes(text));
  return (
    formats.find((format) => format.says.every((text) => template.includes(text)) && lacksNone(format)) ??
    formats.find(({ says }) => says.every(isToken)) ??
    generic
  );
}

/** The same by its name. */
export function formatNamed(name: string): ToolFormat {
  return formats.find((format) => format.name === name) ?? generic;
}

/** As plain data. @param isToken whether a text is a token of the vocabulary by itself */
export const wayOf = ({ name, tokens }: ToolFormat, isToken: (text: string) => boolean): ToolWay => ({
  format: name,
  tokens: tokens.filter(isToken),
});
