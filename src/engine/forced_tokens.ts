import { smallest } from '../base/numbers.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** A place in an answer where some text must come, whatever is chosen. */
export interface ForcedText {
  /** The tokens before it: of the prompt, and of the answer. */
  readonly before: readonly number[];
  /** The token that was drawn last and that nobody has read yet; none where the answer begins. */
  readonly drawn: number | undefined;
  /** What must come behind it, as UTF-8. */
  readonly bytes: Uint8Array;
  /** Nothing can follow that. */
  readonly isLast: boolean;
}

/** So many tokens before the text are tokenised with it, at most. Pieces of words do not reach farther. */
const MAX_CONTEXT = 24;

/** More than this comes in several turns. */
const MAX_BYTES = 512;

/** What may follow: a token that becomes another one before any of these is not certain. */
const PROBES = ['a', ' a', '1', ' 1', 'é', '"', ' "', '",', '"}', ',', '}', ']', '\n', '  '];

/**
 * The tokens that forced text becomes, as the tokenizer makes them of all the text around it: they are what the model saw when it was
 * trained. The token drawn last is one of them, or part of one, or several:
 *
 *     text      { " n a m e " : _ "          drawn: {     forced: "name": "
 *     tokens    {" | name | ": | _"          taken: {" | name | ":     left to the model: _"   (it may be _"} or another)
 *
 * The last ones may become others by what follows. They are left out, and chosen like any token, among those that go on with the text.
 * @returns none where nothing is certain, not even the token that was drawn
 */
export function forcedTokens(tokenizer: Tokenizer, { before, drawn, bytes, isLast }: ForcedText): number[] {
  if (drawn !== undefined && tokenizer.isAdded(drawn)) {
    const behind = forcedTokens(tokenizer, { before: [...before, drawn], drawn: undefined, bytes, isLast });
    return [drawn, ...behind];
  }
  const nDrawn = drawn === undefined ? 0 : tokenizer.bytes(drawn).length;
  const forced = bytes.subarray(0, MAX_BYTES);
  const probes = isLast && forced.length === bytes.length ? [] : PROBES;
  for (const context of contexts(tokenizer, before)) {
    const pieces = (drawn === undefined ? context : [...context, drawn]).map((token) => tokenizer.bytes(token));
    const text = encodable(textOf([...pieces, forced]), tokenizer);
    if (text === undefined) continue;
    const tokens = tokenizer.encode(text);
    if (!context.every((token, i) => tokens[i] === token)) continue;
    const certain = certainTokens(tokenizer, text, tokens, probes).slice(context.length);
    const said = joined(certain.map((token) => tokenizer.bytes(token)));
    const wanted = joined([...pieces.slice(context.length), forced]);
    return said.length >= Math.max(nDrawn, 1) && said.every((byte, i) => wanted[i] === byte) ? certain : [];
  }
  return [];
}

/**
 * Ends of the text before that begin a word, the longest first, at last nothing. Added tokens, such as those of a chat template, are cut
 * out of a text before all else.
 */
function* contexts(tokenizer: Tokenizer, before: readonly number[]): Generator<readonly number[]> {
  let most = 0;
  while (most < Math.min(MAX_CONTEXT, before.length) && !tokenizer.isAdded(before.at(-1 - most)!)) most++;
  for (let n = most; n > 0; n--) {
    const beginsText = n === most && n < MAX_CONTEXT;
    if (beginsText || tokenizer.bytes(before.at(-n)!)[0] === asciiSpace) yield before.slice(-n);
  }
  yield [];
}

const asciiSpace = 0x20;

/** As far as it has whole characters; undefined where it begins inside of one, or is none. */
function textOf(pieces: readonly Uint8Array[]): string | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return decoder.decode(joined(pieces), { stream: true });
  } catch {
    return undefined;
  }
}

/** The text that `encode` makes the tokens of this one from: some tokenizers write a space in front, which then must be there. */
function encodable(text: string | undefined, { spacePrefix }: Tokenizer): string | undefined {
  if (!spacePrefix) return text;
  return text?.startsWith(' ') ? text.slice(1) : undefined;
}

/** Those that stay what they are, whatever of `probes` follows. None of them is a token that stands for more than text. */
function certainTokens(
  tokenizer: Tokenizer,
  text: string,
  tokens: readonly number[],
  probes: readonly string[],
): readonly number[] {
  const nSame = probes.map((probe) => {
    const longer = tokenizer.encode(text + probe);
    const at = tokens.findIndex((token, i) => longer[i] !== token);
    return at < 0 ? tokens.length : at;
  });
  const added = tokens.findIndex((token) => tokenizer.isAdded(token));
  return tokens.slice(0, Math.min(smallest(nSame), added < 0 ? Infinity : added));
}

const joined = (pieces: readonly Uint8Array[]): Uint8Array => Uint8Array.from(pieces.flatMap((piece) => [...piece]));
