import { checkWhole, kindOf } from '../base/checks.ts';
import { tokensOf } from './arguments.ts';
import type { EmbedOptions } from './option_types.ts';

/** What is embedded: texts, or tokens of texts. @throws TypeError for anything else. */
export function textsOf(texts: unknown): (string | number[])[] {
  const wanted = 'expected a text, or a list of texts or lists of tokens';
  if (!Array.isArray(texts)) throw new TypeError(`embed got ${kindOf(texts)}, ${wanted}`);
  return texts.map((text: unknown, i) => {
    if (typeof text === 'string') return text;
    if (typeof text === 'number')
      throw new TypeError(`embed got a list of numbers, ${wanted}; put tokens into a list: [tokens]`);
    if (Array.isArray(text) || ArrayBuffer.isView(text)) return tokensOf(text as unknown as ArrayLike<number>);
    throw new TypeError(`text ${i} of embed is ${kindOf(text)}, ${wanted}`);
  });
}

/** The first `dimensions` numbers of a row, made to be of length 1. @throws RangeError for more than there are. */
export function shaped(row: Float32Array, { normalize = true, dimensions = row.length }: EmbedOptions): Float32Array {
  checkWhole('dimensions', dimensions, { min: 1, max: row.length });
  const kept = row.slice(0, dimensions);
  if (!normalize) return kept;
  const length = Math.sqrt(kept.reduce((sum, x) => sum + x * x, 0));
  return length > 0 ? kept.map((x) => x / length) : kept;
}
