import type { Tokenizer } from './tokenizer.ts';

/** Turns tokens into text as they come. A character split over several tokens appears once, whole. */
export interface TextStream {
  /** The text that is certain once `token` has come; often a word, sometimes nothing yet. */
  push(token: number): string;
  /** What is left at the end: U+FFFD where a character was never completed. The stream may then start a new text. */
  flush(): string;
}

export interface TextStreamOptions {
  /**
   * The token before the first one pushed; leave out at the start of a text. A tokenizer that writes a space before a text
   * needs it to know whether a leading space is its own or the model's.
   */
  readonly after?: number;
  /** Show control tokens as they are spelled. */
  readonly special?: boolean;
  /** Show these of them. */
  readonly shown?: ReadonlySet<number>;
}

const asciiSpace = 0x20;

export function createTextStream(
  tokenizer: Tokenizer,
  { after, special = false, shown }: TextStreamOptions = {},
): TextStream {
  // A byte order mark is text here, not a hint. Invalid bytes become U+FFFD as the WHATWG encoding standard says.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let startsText = after === undefined || tokenizer.isAdded(after);
  return {
    push(token) {
      const bytes = tokenizer.bytes(token);
      const ownSpace = tokenizer.spacePrefix && startsText && bytes[0] === asciiSpace && !tokenizer.isAdded(token);
      startsText = tokenizer.isAdded(token);
      if (tokenizer.isControl(token) && !special && !shown?.has(token)) return '';
      return decoder.decode(ownSpace ? bytes.subarray(1) : bytes, { stream: true });
    },
    flush() {
      startsText = true;
      return decoder.decode();
    },
  };
}

/** A whole text at once. */
export function decode(tokenizer: Tokenizer, tokens: Iterable<number>, options: TextStreamOptions = {}): string {
  const stream = createTextStream(tokenizer, options);
  let text = '';
  for (const token of tokens) text += stream.push(token);
  return text + stream.flush();
}
