/**
 * Regular languages over bytes, as expressions (Brzozowski, *Derivatives of regular expressions*, 1964; Owens, Reppy and
 * Turon, *Regular-expression derivatives re-examined*, 2009). Expressions are hash-consed: equal ones are the same object,
 * so an automaton's states are expressions, and comparing them costs nothing. Constructors simplify, which keeps the number
 * of derivatives of one expression finite and small.
 */
import { greatest } from '../base/numbers.ts';
import { byteSet, intersection, isEmptySet, union, type ByteSet } from './byte_set.ts';
import { checkLimit } from './limits.ts';
import type { Machine } from './machine.ts';
import { utf8Sequences } from './utf8.ts';

export type Regular = Shape &
  Facts & {
    readonly id: number;
    /** What it becomes by each byte, once somebody asked: derivative.ts. */
    row: Row | undefined;
    /** It has a text, once somebody asked: emptiness.ts. */
    live: boolean | undefined;
  };

interface Facts {
  /** The empty text is one of its texts. */
  readonly nullable: boolean;
  /** No complement and no intersection inside: it has a text, then, unless it is `nothing`. */
  readonly plain: boolean;
  readonly depth: number;
  /** The greatest count of a repetition inside. */
  readonly count: number;
}

/** The bytes `starts[i] … starts[i + 1] - 1` lead to `targets[i]`. */
export interface Row {
  readonly starts: readonly number[];
  readonly targets: readonly Regular[];
}

type Shape =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'bytes'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly head: Regular; readonly tail: Regular } // the head is no sequence
  | { readonly kind: 'either'; readonly parts: readonly Regular[] }
  | { readonly kind: 'both'; readonly parts: readonly Regular[] }
  | { readonly kind: 'not'; readonly part: Regular }
  | { readonly kind: 'repeat'; readonly part: Regular; readonly min: number; readonly max: number }
  | { readonly kind: 'machine'; readonly machine: Machine; readonly state: number };

/** Expressions by what they are made of. The older half is let go of when there are many; whoever uses one still has it. */
const known = { young: new Map<string, Regular>(), old: new Map<string, Regular>(), nextId: 0, factoring: 0 };

const YOUNG = 100_000;

/** How many bytes of a common beginning are taken out at once, by recursion. The next ones follow when these are read. */
const FACTORED = 100;

function make(key: string, shape: Shape, facts: Facts): Regular {
  const young = known.young.get(key);
  if (young) return young;
  if (known.young.size >= YOUNG) {
    known.old = known.young;
    known.young = new Map();
  }
  const regular = known.old.get(key) ?? fresh(shape, facts);
  known.young.set(key, regular);
  return regular;
}

function fresh(shape: Shape, facts: Facts): Regular {
  checkLimit('depth', facts.depth);
  return { ...shape, ...facts, id: known.nextId++, row: undefined, live: undefined };
}

/** Facts about a list of parts that stand side by side. */
function factsOf(parts: readonly Regular[], nullable: boolean, plain: boolean): Facts {
  const depth = 1 + greatest(parts.map((part) => part.depth));
  const count = greatest(parts.map((part) => part.count));
  return { nullable, plain: plain && parts.every((part) => part.plain), depth, count };
}

const leaf = (nullable: boolean): Facts => ({ nullable, plain: true, depth: 1, count: 0 });

/** No text at all. */
export const nothing: Regular = fresh({ kind: 'nothing' }, leaf(false));

/** The empty text. */
export const empty: Regular = fresh({ kind: 'empty' }, leaf(true));

/** All strings of bytes. */
export const everything: Regular = fresh({ kind: 'not', part: nothing }, leaf(true));

const encoder = new TextEncoder();

const singles: Regular[] = [];
const single = (byte: number): Regular => (singles[byte] ??= bytes([[byte, byte]]));

/** The text's UTF-8 bytes. */
export function literal(text: string): Regular {
  if (/\p{Surrogate}/u.test(text))
    throw new RangeError(`a literal has no lone surrogates; got ${JSON.stringify(text)}`);
  return sequenceOf(Array.from(encoder.encode(text), single));
}

/** One byte out of these ranges. */
export const bytes = (ranges: readonly (readonly [number, number])[]): Regular => ofSet(byteSet(ranges));

/** One code point out of these ranges, as UTF-8; surrogates are none. */
export function chars(ranges: readonly (readonly [number, number])[]): Regular {
  const found = ranges.flatMap(([first, last]) => utf8Sequences(first, last));
  return either(found.map((parts) => sequenceOf(parts.map((range) => bytes([range])))));
}

/** One code point, as UTF-8. */
export const anyChar: Regular = chars([[0, 0x10ffff]]);

function ofSet(set: ByteSet): Regular {
  if (isEmptySet(set)) return nothing;
  return make(`b${set.join(',')}`, { kind: 'bytes', set }, leaf(false));
}

/** One part behind the other. */
export const sequence = (...parts: readonly Regular[]): Regular => sequenceOf(parts);

/** `sequence` of a list, of any length. */
export function sequenceOf(parts: readonly Regular[]): Regular {
  let tail = empty;
  for (let i = parts.length - 1; i >= 0; i--) tail = chain(parts[i]!, tail);
  return tail;
}

function chain(first: Regular, tail: Regular): Regular {
  if (first === nothing || tail === nothing) return nothing;
  if (tail === empty) return first;
  const heads: Regular[] = []; // a sequence's head is no sequence, so the chain hangs to the right
  let part = first;
  for (; part.kind === 'sequence'; part = part.tail) heads.push(part.head);
  heads.push(part);
  let result = tail;
  for (let i = heads.length - 1; i >= 0; i--) result = link(heads[i]!, result);
  return result;
}

function link(head: Regular, tail: Regular): Regular {
  if (head === empty) return tail;
  const next = tail.kind === 'sequence' ? tail.head : tail;
  if (head.kind === 'repeat' && next.kind === 'repeat' && head.part === next.part) {
    const merged = repeat(head.part, head.min + next.min, head.max + next.max);
    return tail.kind === 'sequence' ? link(merged, tail.tail) : merged;
  }
  const depth = Math.max(head.depth + 1, tail.depth); // the chain itself is walked by a loop
  const count = Math.max(head.count, tail.count);
  const facts = { nullable: head.nullable && tail.nullable, plain: head.plain && tail.plain, depth, count };
  return make(`s${head.id},${tail.id}`, { kind: 'sequence', head, tail }, facts);
}

/** Any of the parts. */
export function either(parts: readonly Regular[]): Regular {
  const found = new Set<Regular>();
  let set: ByteSet | undefined;
  for (const part of parts) {
    for (const one of part.kind === 'either' ? part.parts : [part]) {
      if (one === everything) return everything;
      if (one.kind === 'bytes') set = set ? union(set, one.set) : one.set;
      else if (one !== nothing) found.add(one);
    }
  }
  if (set) found.add(ofSet(set));
  const list = factor([...found]);
  const hasEmpty = list.includes(empty) && list.some((part) => part !== empty && part.nullable);
  const sorted = (hasEmpty ? list.filter((part) => part !== empty) : list).sort((a, b) => a.id - b.id);
  if (sorted.length < 2) return sorted[0] ?? nothing;
  checkLimit('parts', sorted.length);
  const nullable = sorted.some((part) => part.nullable);
  return make(keyOf('e', sorted), { kind: 'either', parts: sorted }, factsOf(sorted, nullable, true));
}

function keyOf(kind: string, parts: readonly Regular[]): string {
  return kind + parts.map((part) => part.id).join(',');
}

function headOf(part: Regular): Regular {
  return part.kind === 'sequence' ? part.head : part;
}

function tailOf(part: Regular): Regular {
  return part.kind === 'sequence' ? part.tail : empty;
}

/** `a b | a c` becomes `a (b | c)`: a list of words becomes a trie. Counts that touch become one: `x{0,3} | x{2,5}` is `x{0,5}`. */
function factor(parts: Regular[]): Regular[] {
  if (parts.length < 2 || known.factoring === FACTORED) return parts;
  known.factoring++;
  try {
    return factored(parts);
  } finally {
    known.factoring--;
  }
}

function factored(parts: Regular[]): Regular[] {
  const byHead = new Map<Regular, Regular[]>();
  for (const part of mergeCounts(parts)) {
    const head = headOf(part);
    const same = byHead.get(head);
    if (same) same.push(tailOf(part));
    else byHead.set(head, [tailOf(part)]);
  }
  const found: Regular[] = [];
  for (const [head, tails] of byHead)
    found.push(tails.length === 1 ? chain(head, tails[0]!) : chain(head, either(tails)));
  return found;
}

function mergeCounts(parts: Regular[]): Regular[] {
  const kept: Regular[] = [];
  const groups = new Map<string, { part: Regular; tail: Regular; ranges: [number, number][] }>();
  for (const part of parts) {
    const head = headOf(part);
    if (head.kind !== 'repeat') {
      kept.push(part);
      continue;
    }
    const key = `${head.part.id},${tailOf(part).id}`;
    const group = groups.get(key) ?? { part: head.part, tail: tailOf(part), ranges: [] };
    group.ranges.push([head.min, head.max]);
    groups.set(key, group);
  }
  for (const { part, tail, ranges } of groups.values()) {
    ranges.sort((a, b) => a[0] - b[0]);
    let [min, max] = ranges[0]!;
    for (const [nextMin, nextMax] of ranges) {
      if (nextMin > max + 1) {
        kept.push(chain(repeat(part, min, max), tail));
        [min, max] = [nextMin, nextMax];
      } else max = Math.max(max, nextMax);
    }
    kept.push(chain(repeat(part, min, max), tail));
  }
  return kept;
}

/** What is a text of each part. */
export function both(parts: readonly Regular[]): Regular {
  const found = new Set<Regular>();
  let set: ByteSet | undefined;
  for (const part of parts) {
    for (const one of part.kind === 'both' ? part.parts : [part]) {
      if (one === nothing) return nothing;
      if (one.kind === 'bytes') set = set ? intersection(set, one.set) : one.set;
      else if (one !== everything) found.add(one);
    }
  }
  if (set) found.add(ofSet(set));
  const sorted = withoutLooser([...found]).sort((a, b) => a.id - b.id);
  const nullable = sorted.every((part) => part.nullable);
  if (sorted.length < 2) return sorted[0] ?? everything;
  if (found.has(empty)) return nullable ? empty : nothing;
  if (found.has(nothing)) return nothing;
  if (sorted.some((part) => part.kind === 'not' && found.has(part.part))) return nothing;
  checkLimit('parts', sorted.length);
  return make(keyOf('a', sorted), { kind: 'both', parts: sorted }, factsOf(sorted, nullable, false));
}

/** Of `x{0,} & x{2,5}` the first says nothing: where counts lie within others, those go. */
function withoutLooser(parts: Regular[]): Regular[] {
  return parts.filter(
    (part) =>
      part.kind !== 'repeat' ||
      !parts.some((other) => {
        if (other === part || other.kind !== 'repeat' || other.part !== part.part) return false;
        return other.min >= part.min && other.max <= part.max;
      }),
  );
}

/** All strings of bytes that the part does not have: also those that are no UTF-8. */
export function not(part: Regular): Regular {
  if (part === nothing) return everything;
  if (part.kind === 'not') return part.part;
  return make(`n${part.id}`, { kind: 'not', part }, factsOf([part], !part.nullable, false));
}

/** The part `min` to `max` times; without `max`, `min` times or more. */
export function repeat(part: Regular, min: number, max: number = Infinity): Regular {
  if (!(Number.isInteger(min) && min >= 0 && max >= min && (max === Infinity || Number.isInteger(max)))) {
    throw new RangeError(`a repetition goes from a count to one not below it; got ${min} to ${max}`);
  }
  if (max === 0 || part === empty) return empty;
  if (part === nothing) return min === 0 ? empty : nothing;
  if (min === 1 && max === 1) return part;
  if (part === everything) return everything;
  const isStar = part.kind === 'repeat' && part.min === 0 && part.max === Infinity;
  if (isStar) return part;
  const from = part.nullable ? 0 : min;
  const facts = factsOf([part], from === 0, true);
  const count = Math.max(facts.count, max === Infinity ? from : max);
  return make(`r${part.id},${from},${max}`, { kind: 'repeat', part, min: from, max }, { ...facts, count });
}

/** What leads the machine from `state` to one that it accepts. */
export function machineText(machine: Machine, state: number): Regular {
  if (state < 0) return nothing;
  const facts = factsOf([], machine.accepts(state), false);
  return make(`m${state} ${machine.key}`, { kind: 'machine', machine, state }, facts);
}
