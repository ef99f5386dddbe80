import { quoted } from './json_text.ts';
import { Source, type Reading } from './source.ts';

/** How values are written that are no JSON, but nearly. */
export interface Dialect {
  /** Around texts; the longer ones first. */
  readonly quotes: readonly string[];
  readonly hasEscapes: boolean;
}

/** Python's literals; those of JSON are read, too. */
export const python: Dialect = { quotes: ['"""', "'''", '"', "'"], hasEscapes: true };

type Say = (text: string) => void;

const closing: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };
const words: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' };

/** Deeper than any arguments, and less deep than the stack. */
const MAX_DEPTH = 100;

/** Reads a value, and says it as JSON while it comes. False: the text ended inside it. */
export function* literal(source: Source, say: Say, dialect: Dialect, depth = 0): Reading<boolean> {
  yield* source.space();
  const quote = yield* quoteOf(source, dialect);
  if (quote !== undefined) return yield* text(source, say, quote, dialect);
  yield* source.need(1);
  const opening = source.rest[0] ?? '';
  const isDict = opening === '{';
  const end = closing[opening];
  if (end === undefined || depth >= MAX_DEPTH) return yield* word(source, say);
  source.take(1);
  return yield* items(source, say, { end, isDict, dialect, depth });
}

interface Inside {
  readonly end: string;
  readonly isDict: boolean;
  readonly dialect: Dialect;
  readonly depth: number;
}

/** Reads what stands in a list or in braces, and what closes it. */
function* items(source: Source, say: Say, { end, isDict, dialect, depth }: Inside): Reading<boolean> {
  say(isDict ? '{' : '[');
  for (let n = 0; ; n++) {
    yield* source.space();
    if (n > 0 && (yield* source.skip(','))) yield* source.space();
    if (yield* source.skip(end)) break;
    if (source.isOver) return false;
    if (n > 0) say(',');
    const before = source.nRead;
    if (isDict) {
      yield* key(source, say, dialect);
      say(':');
    }
    if (!(yield* literal(source, say, dialect, depth + 1))) return false;
    if (source.nRead === before) source.take(1); // no value: what is no end is passed over
  }
  say(isDict ? '}' : ']');
  return true;
}

/** A key with the colon behind it: in quotes, or a word. */
function* key(source: Source, say: Say, dialect: Dialect): Reading {
  const quote = yield* quoteOf(source, dialect);
  if (quote !== undefined) {
    yield* text(source, say, quote, dialect);
    yield* source.space();
    yield* source.skip(':');
  } else say(JSON.stringify((yield* source.upTo(':')).trim()));
}

function* quoteOf(source: Source, { quotes }: Dialect): Reading<string | undefined> {
  for (const quote of quotes) if (yield* source.skip(quote)) return quote;
  return undefined;
}

/** A text up to its closing quote. */
function* text(source: Source, say: Say, quote: string, { hasEscapes }: Dialect): Reading<boolean> {
  say('"');
  for (;;) {
    const found = yield* source.until(hasEscapes ? [quote, '\\'] : [quote], (piece) => say(quoted(piece)));
    if (found === undefined) return false;
    source.take(found.length);
    if (found === quote) break;
    yield* escape(source, say);
  }
  say('"');
  return true;
}

const escapes: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07', '0': '\0', '\n': '' },
  ...{ '\\': '\\', "'": "'", '"': '"', '/': '/' },
};
const digits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** What stands behind a backslash; another one than Python knows stays with it. */
function* escape(source: Source, say: Say): Reading {
  yield* source.need(1);
  const char = source.take(1);
  const known = escapes[char];
  if (known !== undefined) return say(quoted(known));
  const nDigits = digits[char] ?? 0;
  yield* source.need(nDigits);
  const code = parseInt(/^[\da-f]+$/i.exec(source.rest.slice(0, nDigits))?.[0] ?? '', 16);
  if (nDigits === 0 || !(code <= 0x10ffff)) return say(quoted(`\\${char}`));
  source.take(nDigits);
  say(nDigits === 4 ? `\\u${code.toString(16).padStart(4, '0')}` : quoted(String.fromCodePoint(code)));
}

/** A number or a word; what is neither is a text. It is whole where something comes behind it. */
function* word(source: Source, say: Say): Reading<boolean> {
  let read = '';
  const end = yield* source.until([',', ']', ')', '}', '\n'], (piece) => (read += piece));
  say(wordText(read.trim()));
  return end !== undefined;
}

function wordText(word: string): string {
  if (/^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/.test(word)) return word;
  const plain = Object.hasOwn(words, word) ? words[word] : undefined;
  if (plain !== undefined) return plain;
  const number = /^[+-]?\.?\d[\d_.]*(e[+-]?\d+)?$|^[+-]?0[xob][\da-f][\da-f_]*$/i.test(word)
    ? Number(word.replaceAll('_', ''))
    : NaN;
  return Number.isFinite(number) ? String(number) : JSON.stringify(word);
}

/** A whole text as data, if it is one literal; else undefined. */
export function literalData(text: string): unknown {
  const source = new Source([]);
  source.push({ text: `${text}\n` });
  source.isEnd = true;
  let json = '';
  const reading = literal(source, (piece) => (json += piece), python);
  const { value: isWhole } = reading.next();
  return isWhole && source.rest.trim() === '' ? (JSON.parse(json) as unknown) : undefined;
}
