import { wrong, type Check } from './parameters.ts';
import type { ServedModel } from './served.ts';

/** A prompt that is text or tokens. */
export type PlainPrompt = string | readonly number[];

/** The same, or pieces of both. */
export type PromptPieces = string | readonly (number | string)[];

const isPieces = (value: unknown, mayBeText: boolean): value is (number | string)[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((item) => (Number.isInteger(item) && (item as number) >= 0) || (mayBeText && typeof item === 'string'));

/** llama-server's `{ prompt_string }`, where nothing but text stands in it. */
function textIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || 'multimodal_data' in value) return undefined;
  const { prompt_string: text } = value as { prompt_string?: unknown };
  return typeof text === 'string' ? text : undefined;
}

/** One text, the tokens of one, pieces that begin with a token, or a list of these. */
export const prompts: Check<readonly PromptPieces[]> = (value, name) => {
  const text = textIn(value);
  if (text !== undefined) return [text];
  if (isPieces(value, false) || (isPieces(value, true) && typeof value[0] === 'number')) return [value];
  if (!Array.isArray(value) || value.length === 0) throw wrong(name, value, 'a text, tokens, or a list of these');
  return value.map((item: unknown, i) => {
    const its = textIn(item);
    if (its !== undefined) return its;
    if (isPieces(item, true)) return item;
    throw wrong(`${name}[${i}]`, item, 'a text or tokens');
  });
};

/** Pieces as tokens; texts and tokens as they are. */
export async function plainPrompt(model: ServedModel, pieces: PromptPieces): Promise<PlainPrompt> {
  if (typeof pieces === 'string') return pieces;
  const { bosToken } = model.info;
  const begin = typeof pieces[0] === 'string' && bosToken !== undefined ? [bosToken] : [];
  const each = await Promise.all(
    pieces.map((piece) => (typeof piece === 'number' ? [piece] : model.tokenize({ text: piece }))),
  );
  return [...begin, ...each.flat()];
}

/** All of them. */
export const plainPrompts = (model: ServedModel, all: readonly PromptPieces[]): Promise<PlainPrompt[]> =>
  Promise.all(all.map((each) => plainPrompt(model, each)));
