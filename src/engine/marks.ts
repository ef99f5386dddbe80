import { thoughtsOf, type Thoughts } from '../chat/thoughts.ts';
import type { MarkedText } from '../chat/parts.ts';
import { createTextStream } from '../tokenizers/stream.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** How a model marks its thoughts, and the tokens that marks are made of. */
export interface Marks {
  readonly thoughts: Thoughts;
  readonly tokens: ReadonlySet<number>;
  /** The text since the last turn ended: what stands before an answer, and may have opened thoughts. */
  before(tokens: ArrayLike<number>): MarkedText;
}

/** Undefined for a model without thoughts. @param template its source; empty where there is none */
export function marksOf(template: string, tokenizer: Tokenizer): Marks | undefined {
  const isToken = (piece: string) => tokenizer.addedTokenOf(piece) !== undefined;
  const thoughts = thoughtsOf({ template, isToken });
  if (!thoughts) return undefined;
  const tokens = new Set(thoughts.tokens.map((piece) => tokenizer.addedTokenOf(piece)!));
  return { thoughts, tokens, before: (text) => textBefore(text, tokenizer, tokens) };
}

/** The text since the last turn ended, and where in it tokens stand that are marks. */
export function textBefore(tokens: ArrayLike<number>, tokenizer: Tokenizer, marks: ReadonlySet<number>): MarkedText {
  let begin = tokens.length;
  while (begin > 0 && !tokenizer.isEndOfGeneration(tokens[begin - 1]!)) begin--;
  const stream = createTextStream(tokenizer, { special: true });
  const places: number[] = [];
  let text = '';
  for (let i = begin; i < tokens.length; i++) {
    text += stream.push(tokens[i]!);
    if (marks.has(tokens[i]!)) places.push(text.length - tokenizer.piece(tokens[i]!).length);
  }
  return { text: text + stream.flush(), marks: places };
}
