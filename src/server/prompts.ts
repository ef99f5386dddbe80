import { wrong, type Check } from './parameters.ts';

/** A prompt that is text or tokens. */
export type PlainPrompt = string | readonly number[];

const isTokens = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => Number.isInteger(item) && item >= 0);

/** One text, the tokens of one, or a list of these. */
export const prompts: Check<readonly PlainPrompt[]> = (value, name) => {
  if (typeof value === 'string') return [value];
  if (isTokens(value)) return [value];
  if (!Array.isArray(value) || value.length === 0) throw wrong(name, value, 'a text, tokens, or a list of these');
  return value.map((item: unknown, i) => {
    if (typeof item === 'string' || isTokens(item)) return item;
    throw wrong(`${name}[${i}]`, item, 'a text or tokens');
  });
};
