/**
 * Regular expressions of ECMA-262 as regular languages. Where one has assertions, what follows is made first: `$` keeps of it the empty
 * text, and `(?=x)` its intersection with the texts that begin with an `x`.
 */
import { UnsupportedError } from '../base/errors.ts';
import { allCodes, anyCase, intersection, others, wordChars, type Ranges } from './code_points.ts';
import { both, chars, either, empty, not, nothing, repeat, sequence, sequenceOf, type Regular } from './regular.ts';
import { parseRegexp, type Node } from './regexp_parse.ts';

/** What stands before a place: nothing, a letter, digit or `_`, or any other character. */
type Before = 'start' | 'word' | 'other';

/** What may follow, by what stands before it. */
type After = (before: Before) => Regular;

interface Maker {
  readonly source: string;
  readonly spell: (set: Ranges) => Regular;
  readonly any: Regular;
  readonly word: Regular;
  readonly noWord: Regular;
}

/** Repetitions of what has assertions inside are written out, up to so many. */
const WRITTEN_OUT = 64;

/**
 * The texts in which the expression is found somewhere, as `test` finds it. `spell` says how one character out of a set is spelt; without
 * it, in UTF-8.
 */
export function regularOfRegexp(source: string, flags = 'u', spell: (set: Ranges) => Regular = chars): Regular {
  const unknown = [...flags].find((flag) => !'uisdgy'.includes(flag));
  if (unknown) throw new UnsupportedError(`the flag ${unknown} of a regular expression is not supported`);
  const cased = flags.includes('i') ? (set: Ranges): Regular => spell(anyCase(set)) : spell;
  const one = spell(allCodes);
  const [word, noWord] = [spell(wordChars), spell(others(wordChars))];
  const maker: Maker = { source, spell: cased, any: repeat(one, 0), word, noWord };
  const node = parseRegexp(source, flags);
  const found = (before: Before): Regular => make(maker, node, () => maker.any)(before);
  const [start, afterWord, afterOther] = [found('start'), found('word'), found('other')];
  if (start === afterWord && start === afterOther) return sequence(maker.any, start);
  if (afterWord === afterOther) return either([start, sequence(repeat(one, 1), afterWord)]);
  return either([start, sequence(maker.any, word, afterWord), sequence(maker.any, noWord, afterOther)]);
}

/** What the node may be, with what comes after it. */
function make(maker: Maker, node: Node, after: After): After {
  switch (node.kind) {
    case 'set':
      return setThen(maker, node.set, after);
    case 'sequence':
      return sequenceThen(maker, node.parts, after);
    case 'choice': {
      const parts = node.parts.map((part) => make(maker, part, after));
      return (before) => either(parts.map((part) => part(before)));
    }
    case 'repeat':
      return isPlain(node.part) ? plainThen(maker, plain(maker, node), after) : repeatThen(maker, node, after);
    case 'start':
      return (before) => (before === 'start' ? after(before) : nothing);
    case 'end':
      return (before) => (after(before).nullable ? empty : nothing);
    case 'boundary':
    case 'no boundary':
      return (before) => {
        const wordNext = sequence(maker.word, maker.any);
        const isWord = (before === 'word') !== (node.kind === 'boundary');
        return both([after(before), isWord ? wordNext : not(wordNext)]);
      };
    case 'ahead': {
      const part = make(maker, node.part, () => maker.any);
      return (before) => both([after(before), node.isOne ? part(before) : not(part(before))]);
    }
  }
}

/** Without assertions, a node means the same wherever it stands. */
const isPlain = (node: Node): boolean => {
  if (node.kind === 'sequence' || node.kind === 'choice') return node.parts.every(isPlain);
  return node.kind === 'set' || (node.kind === 'repeat' && isPlain(node.part));
};

function plain(maker: Maker, node: Node): Regular {
  if (node.kind === 'set') return maker.spell(node.set);
  if (node.kind === 'sequence') return sequenceOf(node.parts.map((part) => plain(maker, part)));
  if (node.kind === 'choice') return either(node.parts.map((part) => plain(maker, part)));
  return node.kind === 'repeat' ? repeat(plain(maker, node.part), node.min, node.max) : nothing;
}

/** Neighbours without assertions are one piece. */
function sequenceThen(maker: Maker, parts: readonly Node[], after: After): After {
  let result = after;
  for (let end = parts.length; end > 0;) {
    let begin = end;
    while (begin > 0 && isPlain(parts[begin - 1]!)) begin--;
    const isOne = begin >= end - 1;
    const piece: Node = isOne ? parts[end - 1]! : { kind: 'sequence', parts: parts.slice(begin, end) };
    result = isOne ? make(maker, piece, result) : plainThen(maker, plain(maker, piece), result);
    end = isOne ? end - 1 : begin;
  }
  return result;
}

function setThen(maker: Maker, set: Ranges, after: After): After {
  return () => {
    const [word, other] = [after('word'), after('other')];
    if (word === other) return sequence(maker.spell(set), word);
    const inside = maker.spell(intersection(set, wordChars));
    return either([sequence(inside, word), sequence(maker.spell(intersection(set, others(wordChars))), other)]);
  };
}

/** Texts of `part`, then what may follow behind the last of its characters. */
function plainThen({ any, word, noWord }: Maker, part: Regular, after: After): After {
  return (before) => {
    const same = part.nullable ? after(before) : nothing;
    const [afterWord, afterOther] = [after('word'), after('other')];
    if (afterWord === afterOther && (same === nothing || same === afterWord)) return sequence(part, afterWord);
    const some = part.nullable ? both([part, not(empty)]) : part;
    if (afterWord === afterOther) return either([same, sequence(some, afterWord)]);
    const ending = (last: Regular, then: Regular): Regular => sequence(both([some, sequence(any, last)]), then);
    return either([same, ending(word, afterWord), ending(noWord, afterOther)]);
  };
}

/** A repetition of what has assertions inside. */
function repeatThen(maker: Maker, node: Node & { kind: 'repeat' }, after: After): After {
  const { part, min, max } = node;
  const tempered = max === Infinity && min <= 1 ? temperedThen(maker, node, after) : undefined;
  if (tempered) return tempered;
  if (max > WRITTEN_OUT) {
    throw new UnsupportedError(
      `the regular expression ${JSON.stringify(maker.source.slice(0, 200))} repeats an assertion without end, which is not supported`,
    );
  }
  let result = after;
  for (let n = max; n > 0; n--) {
    const once = make(maker, part, result);
    const stop = n > min ? after : undefined;
    result = stop ? (before) => either([stop(before), once(before)]) : once;
  }
  return result;
}

/** `(?:(?!x).)*$`: no `x` begins in it. */
function temperedThen(maker: Maker, { part, min }: Node & { kind: 'repeat' }, after: After): After | undefined {
  if (part.kind !== 'sequence' || part.parts.length !== 2) return undefined;
  const [ahead, set] = part.parts;
  if (ahead?.kind !== 'ahead' || set?.kind !== 'set' || !isPlain(ahead.part)) return undefined;
  const begins = sequence(plain(maker, ahead.part), maker.any);
  const bad = both([maker.any, not(empty), ahead.isOne ? not(begins) : begins]);
  const texts = both([repeat(maker.spell(set.set), min), not(sequence(maker.any, bad))]);
  const isLast = (before: Before): boolean => after(before) === empty;
  if (!isLast('start') || !isLast('word') || !isLast('other')) return undefined;
  return () => texts;
}
