/** Reads a regular expression of ECMA-262. */
import { UnsupportedError } from '../base/errors.ts';
import { allCodes, digits, lineEnds, others, property, spaces, union, wordChars, type Ranges } from './code_points.ts';
import { checkLimit } from './limits.ts';

export type Node =
  | { readonly kind: 'set'; readonly set: Ranges }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number }
  | { readonly kind: 'start' | 'end' | 'boundary' | 'no boundary' }
  /** What comes next is, or is not, such a text. */
  | { readonly kind: 'ahead'; readonly part: Node; readonly isOne: boolean };

interface Reader {
  /** Code points. */
  readonly chars: readonly string[];
  at: number;
  depth: number;
  readonly isUnicode: boolean;
  /** The flag `u` was asked for: `\p{…}` and `\u{…}` mean what they mean with it, whatever else is there. */
  readonly hasCodePoints: boolean;
  readonly dot: Ranges;
}

/** @throws RangeError where it is none; UnsupportedError for what is no regular language, or is not known here */
export function parseRegexp(source: string, flags: string): Node {
  checkLimit('textLength', source.length);
  const reader: Reader = {
    chars: [...source],
    at: 0,
    depth: 0,
    isUnicode: isRegexp(source, flags),
    hasCodePoints: flags.includes('u'),
    dot: flags.includes('s') ? allCodes : others(lineEnds),
  };
  const node = choice(reader);
  if (reader.at < reader.chars.length) throw unsupported(reader, reader.chars[reader.at]!);
  return node;
}

/**
 * Whether it is one with the flag `u`. Many that people write are not, for escapes without need such as `\-`; they are read as without
 * the flag, but for code points, which stay whole.
 */
function isRegexp(source: string, flags: string): boolean {
  try {
    new RegExp(source, flags);
    return flags.includes('u');
  } catch {
    try {
      new RegExp(source, flags.replace('u', ''));
      return false;
    } catch (error) {
      const why = error instanceof Error ? error.message : '';
      throw new RangeError(
        `${JSON.stringify(source.slice(0, 200))} is no regular expression: ${why.replace(/^.*: /, '')}`,
      );
    }
  }
}

function unsupported({ chars }: Reader, what: string): UnsupportedError {
  const source = JSON.stringify(chars.join('').slice(0, 200));
  return new UnsupportedError(`the regular expression ${source} has ${what}, which is not supported; write it without`);
}

const next = (reader: Reader, text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (reader.chars[reader.at + i] !== text[i]) return false;
  reader.at += text.length;
  return true;
};

function choice(reader: Reader): Node {
  checkLimit('depth', ++reader.depth * 4); // each level takes some of its depth in the expression that is made of it
  const parts = [sequence(reader)];
  while (next(reader, '|')) parts.push(sequence(reader));
  reader.depth--;
  return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
}

function sequence(reader: Reader): Node {
  const parts: Node[] = [];
  while (reader.at < reader.chars.length && !'|)'.includes(reader.chars[reader.at]!))
    parts.push(quantified(reader, atom(reader)));
  return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
}

function quantified(reader: Reader, part: Node): Node {
  const counts = quantifier(reader);
  if (!counts) return part;
  next(reader, '?'); // a lazy one has the same texts
  return { kind: 'repeat', part, min: counts[0], max: counts[1] };
}

function quantifier(reader: Reader): [number, number] | undefined {
  if (next(reader, '*')) return [0, Infinity];
  if (next(reader, '+')) return [1, Infinity];
  if (next(reader, '?')) return [0, 1];
  let end = reader.at + 1;
  while (reader.chars[reader.at] === '{' && /^[\d,]$/.test(reader.chars[end] ?? '')) end++;
  const counts = /^\{(\d+)(,(\d*))?\}$/.exec(reader.chars.slice(reader.at, end + 1).join(''));
  if (!counts) return undefined;
  reader.at += counts[0].length;
  const min = Number(counts[1]);
  return [min, counts[2] === undefined ? min : counts[3] === '' ? Infinity : Number(counts[3])];
}

function atom(reader: Reader): Node {
  if (next(reader, '(')) return group(reader);
  if (next(reader, '[')) return { kind: 'set', set: brackets(reader) };
  if (next(reader, '\\')) return escaped(reader);
  if (next(reader, '.')) return { kind: 'set', set: reader.dot };
  if (next(reader, '^')) return { kind: 'start' };
  if (next(reader, '$')) return { kind: 'end' };
  return { kind: 'set', set: one(reader.chars[reader.at++]!.codePointAt(0)!) };
}

const one = (code: number): Ranges => [[code, code]];

function group(reader: Reader): Node {
  if (next(reader, '?<=') || next(reader, '?<!')) throw unsupported(reader, 'a look-behind');
  const isAhead = next(reader, '?=');
  const isNone = !isAhead && next(reader, '?!');
  if (next(reader, '?<')) reader.at = reader.chars.indexOf('>', reader.at) + 1;
  else if (!isAhead && !isNone && next(reader, '?') && !next(reader, ':')) throw unsupported(reader, 'flags inside');
  const part = choice(reader);
  if (!next(reader, ')')) throw unsupported(reader, 'a group without its end');
  return isAhead || isNone ? { kind: 'ahead', part, isOne: isAhead } : part;
}

const classes: Readonly<Record<string, Ranges>> = {
  d: digits,
  w: wordChars,
  s: spaces,
  D: others(digits),
  W: others(wordChars),
  S: others(spaces),
};

const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

function escaped(reader: Reader): Node {
  if (next(reader, 'b')) return { kind: 'boundary' };
  if (next(reader, 'B')) return { kind: 'no boundary' };
  const char = reader.chars[reader.at]!;
  if (/[1-9]/.test(char) || (char === 'k' && reader.chars[reader.at + 1] === '<'))
    throw unsupported(reader, 'a back reference');
  return { kind: 'set', set: escapedSet(reader) };
}

/** What stands behind a backslash, as a set. */
function escapedSet(reader: Reader): Ranges {
  const char = reader.chars[reader.at++]!;
  if (Object.hasOwn(classes, char)) return classes[char]!;
  if (reader.hasCodePoints && (char === 'p' || char === 'P') && reader.chars[reader.at] === '{') {
    const end = reader.chars.indexOf('}', reader.at);
    const name = reader.chars.slice(reader.at + 1, end).join('');
    reader.at = end + 1;
    const set = isProperty(name) ? property(name) : undefined;
    if (!set) throw unsupported(reader, `the unknown property \\${char}{${name}}`);
    return char === 'p' ? set : others(set);
  }
  return one(escapedCode(reader, char));
}

/** A name between braces; of an expression that is one with the flag `u`, it is one. */
function isProperty(name: string): boolean {
  try {
    return /^[\w=]+$/.test(name) && new RegExp(`\\p{${name}}`, 'u') !== undefined;
  } catch {
    return false;
  }
}

function escapedCode(reader: Reader, char: string): number {
  if (Object.hasOwn(controls, char)) return controls[char]!;
  if (char === '0') return 0;
  if (char === 'c' && /[a-z]/i.test(reader.chars[reader.at] ?? ''))
    return reader.chars[reader.at++]!.charCodeAt(0) & 31;
  if (char === 'x') return hex(reader, 2) ?? char.charCodeAt(0);
  if (char !== 'u') return char.codePointAt(0)!;
  if (reader.hasCodePoints && next(reader, '{')) {
    const end = reader.chars.indexOf('}', reader.at);
    const digits = reader.chars.slice(reader.at, Math.max(end, reader.at)).join('');
    const code = /^[0-9a-f]+$/i.test(digits) ? parseInt(digits, 16) : Infinity;
    if (code > 0x10ffff) throw unsupported(reader, '\\u{ without a code point');
    reader.at = end + 1;
    return code;
  }
  const high = hex(reader, 4) ?? char.charCodeAt(0);
  const behind = reader.at;
  if (high < 0xd800 || high > 0xdbff || !next(reader, '\\u')) return high;
  const low = hex(reader, 4) ?? 0;
  if (low < 0xdc00 || low > 0xdfff) {
    reader.at = behind;
    return high;
  }
  return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
}

function hex(reader: Reader, n: number): number | undefined {
  const found = reader.chars.slice(reader.at, reader.at + n).join('');
  if (!/^[0-9a-f]+$/i.test(found) || found.length !== n) return undefined;
  reader.at += n;
  return parseInt(found, 16);
}

function brackets(reader: Reader): Ranges {
  const isOpposite = next(reader, '^');
  const sets: Ranges[] = [];
  while (!next(reader, ']')) {
    const first = member(reader);
    const isRange = reader.chars[reader.at] === '-' && reader.chars[reader.at + 1] !== ']';
    if (!isRange || first.length !== 1 || first[0]![0] !== first[0]![1]) {
      sets.push(first);
      continue;
    }
    reader.at++;
    const last = member(reader);
    if (last.length === 1 && last[0]![0] === last[0]![1]) sets.push([[first[0]![0], last[0]![0]]]);
    else sets.push(first, one(0x2d), last); // `[+-\d]`, which is three members without the flag `u`
  }
  const set = union(sets);
  return isOpposite ? others(set) : set;
}

/** A member of brackets, or the end of a range. */
function member(reader: Reader): Ranges {
  const char = reader.chars[reader.at++]!;
  if (char !== '\\') return one(char.codePointAt(0)!);
  if (next(reader, 'b')) return one(8);
  return escapedSet(reader);
}
