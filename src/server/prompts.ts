import type { TextPrompt } from '../protocol/open.ts';
import { wrong, type Check } from './parameters.ts';
import type { ServedModel } from './served.ts';

/** A prompt that is text or tokens. */
export type PlainPrompt = TextPrompt | readonly number[];

/** The same, or pieces of both. */
export type PromptPieces = string | readonly (number | string)[];

/** Texts between tokens, in one request: each is tokenised by itself. */
const MAX_TEXTS_BETWEEN = 1000;

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
  const all = allOf(value, name);
  const between = (pieces: PromptPieces): number =>
    typeof pieces === 'string' ? 0 : pieces.reduce<number>((n, piece) => n + Number(typeof piece === 'string'), 0);
  if (all.reduce((n, pieces) => n + between(pieces), 0) <= MAX_TEXTS_BETWEEN) return all;
  throw wrong(name, value, `at most ${MAX_TEXTS_BETWEEN} texts between tokens`);
};

const allOf: Check<readonly PromptPieces[]> = (value, name) => {
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

/** The tokens of pieces; a text that they begin with has the token that begins texts before it. */
async function tokensOf(model: ServedModel, pieces: readonly (number | string)[], special: boolean): Promise<number[]> {
  const { bosToken } = model.info;
  const begin = typeof pieces[0] === 'string' && bosToken !== undefined ? [bosToken] : [];
  const each = await Promise.all(
    pieces.map((piece) => (typeof piece === 'number' ? [piece] : model.tokenize({ text: piece, special }))),
  );
  return [...begin, ...each.flat()];
}

/** Texts that go on: control tokens that are spelled out in them are these tokens, since templates are written so. */
export const plainPrompts = (model: ServedModel, all: readonly PromptPieces[]): Promise<PlainPrompt[]> =>
  Promise.all(
    all.map((pieces) =>
      typeof pieces === 'string'
        ? { text: pieces, special: true, bos: model.info.bosToken !== undefined }
        : tokensOf(model, pieces, true),
    ),
  );

/** Texts that are data: what looks like a control token is text. */
export const plainTexts = (model: ServedModel, all: readonly PromptPieces[]): Promise<(string | readonly number[])[]> =>
  Promise.all(all.map((pieces) => (typeof pieces === 'string' ? pieces : tokensOf(model, pieces, false))));
