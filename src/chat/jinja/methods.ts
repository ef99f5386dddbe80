/** Methods of strings, lists and dictionaries, as Python has them. */
import { boundMethod, charsArg, intArg, namedDict, table, textArg, type Arg, type Table } from './builtins.ts';
import { compareValues, contains, equal } from './compare.ts';
import { formatBraces } from './format.ts';
import { charge, chargeSearch, fail, type Run } from './run.ts';
import * as texts from './text.ts';
import { mapText, untrusted, type Text } from './text.ts';
import * as values from './values.ts';
import {
  isDict,
  isSeq,
  isText,
  list,
  orElse,
  seq,
  truthy,
  undef,
  type Dict,
  type Obj,
  type Seq,
  type Value,
} from './values.ts';

export function methodOf(value: Value, name: string): Obj | undefined {
  if (isText(value)) return boundMethod(TEXT, value, name);
  if (isDict(value)) return boundMethod(DICT, value, name);
  if (!isSeq(value)) return undefined;
  if (value.kind === 'list') return boundMethod(LIST, value, name);
  return value.kind === 'tuple' || value.kind === 'range' ? boundMethod(TUPLE, value, name) : undefined;
}

/** `str.title`: a letter after a non-letter is upper case. */
const titleCase = (s: string) =>
  s.toLowerCase().replace(/\p{L}[\p{L}\p{M}]*/gu, (w) => w.replace(/^./u, (c) => c.toUpperCase()));
export const capitalize = (s: string) =>
  s.toLowerCase().replace(/^./u, (_, at: number) => String.fromCodePoint(s.codePointAt(at)!).toUpperCase());
const swapCase = (s: string) => [...s].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join('');
export const isLower = (s: string) => /\p{Lowercase}/u.test(s) && !/[\p{Lu}\p{Lt}]/u.test(s);
export const isUpper = (s: string) => /\p{Uppercase}/u.test(s) && !/[\p{Ll}\p{Lt}]/u.test(s);
const isTitle = (s: string) => /\p{L}/u.test(s) && titleCase(s) === s;

type TextRow = readonly [
  params: string,
  apply: (run: Run, self: Text, args: readonly Arg[], named: ReadonlyMap<string, Value>) => Value,
];

const stripRow = (sides: 'both' | 'left' | 'right'): TextRow => [
  'chars',
  (run, s, [chars]) => texts.strip(run, s, sides, charsArg(run, chars)),
];
const caseRow = (change: (s: string) => string): TextRow => ['', (run, s) => mapText(run, s, change)];
const isRow = (holds: (s: string) => boolean): TextRow => [
  '',
  (run, s) => (charge(run, 1 + (s.text.length >> 3)), holds(s.text)),
];
const splitRow = (fromRight: boolean): TextRow => [
  'sep maxsplit',
  (run, s, [sep, limit]) =>
    list(
      texts.split(
        run,
        s,
        sep === undefined || sep === null ? undefined : textArg(run, sep),
        intArg(run, limit, -1),
        fromRight,
      ),
    ),
];
const padRow = (left: number): TextRow => [
  'width fillchar',
  (run, s, [width, fill]) =>
    texts.pad(run, s, intArg(run, width), left, fill === undefined ? undefined : textArg(run, fill)),
];

/** Code point index of a substring within `[start, stop)`, or -1. */
const findRow = (options: { last: boolean; must: boolean }): TextRow => [
  'sub start end',
  (run, s, [sub, start, end]) => {
    const within = cutRange(run, s, start, end);
    const wanted = textArg(run, sub).text;
    chargeSearch(run, s.text.length, wanted.length);
    const at = within && (options.last ? within.piece.text.lastIndexOf(wanted) : within.piece.text.indexOf(wanted));
    if (within && at !== undefined && at >= 0)
      return within.begin + texts.codePointCount(run, untrusted(within.piece.text.slice(0, at)));
    return options.must ? fail(run, 'the substring was not found') : -1;
  },
];

/** The optional `start` and `end` of Python's searches, which slice. */
function cutRange(run: Run, s: Text, start: Arg, end: Arg): { piece: Text; begin: number } | undefined {
  if (start === undefined && end === undefined) return { piece: s, begin: 0 };
  const offsets = texts.codePointOffsets(run, s);
  const n = offsets.length - 1;
  const clamp = (i: number) => Math.min(n, Math.max(0, i < 0 ? i + n : i));
  const rawBegin = intArg(run, start ?? undefined, 0);
  const [begin, stop] = [clamp(rawBegin), clamp(intArg(run, end ?? undefined, n))];
  if (rawBegin > n || begin > stop) return undefined;
  return { piece: texts.slice(run, s, offsets[begin]!, offsets[stop]!), begin };
}

const affixRow = (holds: (s: string, affix: string) => boolean): TextRow => [
  'prefix start end',
  (run, s, [affix, start, end]) => {
    const within = cutRange(run, s, start, end);
    const options = isSeq(affix) && affix.kind === 'tuple' ? affix.items : [affix];
    return within !== undefined && options.some((option) => holds(within.piece.text, textArg(run, option).text));
  },
];

/** `[before, separator, after]`. */
const partitionRow = (fromRight: boolean): TextRow => [
  'sep',
  (run, s, [sep]) => {
    const separator = textArg(run, sep);
    const pieces = texts.split(run, s, separator, 1, fromRight);
    if (pieces.length === 2) return seq('tuple', [pieces[0]!, separator, pieces[1]!]);
    return seq('tuple', fromRight ? [texts.EMPTY, texts.EMPTY, s] : [s, texts.EMPTY, texts.EMPTY]);
  },
];

const TEXT: Table<Text> = table<Text>({
  strip: stripRow('both'),
  lstrip: stripRow('left'),
  rstrip: stripRow('right'),
  upper: caseRow((s) => s.toUpperCase()),
  lower: caseRow((s) => s.toLowerCase()),
  casefold: caseRow((s) => s.toLowerCase().replaceAll('ß', 'ss')),
  title: caseRow(titleCase),
  capitalize: caseRow(capitalize),
  swapcase: caseRow(swapCase),
  split: splitRow(false),
  rsplit: splitRow(true),
  splitlines: ['keepends', (run, s, [keep]) => list(texts.splitLines(run, s, keep !== undefined && truthy(keep)))],
  partition: partitionRow(false),
  rpartition: partitionRow(true),
  replace: [
    'old new count',
    (run, s, [old, by, limit]) => texts.replace(run, s, textArg(run, old), textArg(run, by), intArg(run, limit, -1)),
  ],
  startswith: affixRow((s, prefix) => s.startsWith(prefix)),
  endswith: affixRow((s, suffix) => s.endsWith(suffix)),
  removeprefix: [
    'prefix',
    (run, s, [prefix]) =>
      s.text.startsWith(textArg(run, prefix).text)
        ? texts.slice(run, s, textArg(run, prefix).text.length, s.text.length)
        : s,
  ],
  removesuffix: [
    'suffix',
    (run, s, [suffix]) =>
      s.text.endsWith(textArg(run, suffix).text)
        ? texts.slice(run, s, 0, s.text.length - textArg(run, suffix).text.length)
        : s,
  ],
  find: findRow({ last: false, must: false }),
  rfind: findRow({ last: true, must: false }),
  index: findRow({ last: false, must: true }),
  rindex: findRow({ last: true, must: true }),
  count: ['sub', (run, s, [sub]) => texts.count(run, s, textArg(run, sub).text)],
  join: [
    'iterable',
    (run, s, [items]) =>
      texts.join(
        run,
        s,
        values.iterate(run, items ?? null).map((item) => textArg(run, item)),
      ),
  ],
  format: ['* **', (run, s, args, named) => formatBraces(run, s, args as readonly Value[], named)],
  center: [
    'width fillchar',
    (run, s, [width, fill]) =>
      texts.center(run, s, intArg(run, width), fill === undefined ? undefined : textArg(run, fill)),
  ],
  ljust: padRow(0),
  rjust: padRow(1),
  zfill: [
    'width',
    (run, s, [width]) => {
      const sign = /^[-+]/.test(s.text) ? 1 : 0;
      const digits = texts.slice(run, s, sign, s.text.length);
      return texts.concat(run, [
        texts.slice(run, s, 0, sign),
        texts.pad(run, digits, intArg(run, width) - sign, 1, untrusted('0')),
      ]);
    },
  ],
  isalpha: isRow((s) => /^\p{L}+$/u.test(s)),
  isalnum: isRow((s) => /^[\p{L}\p{N}]+$/u.test(s)),
  isdigit: isRow((s) => /^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u.test(s)),
  isdecimal: isRow((s) => /^\p{Nd}+$/u.test(s)),
  isnumeric: isRow((s) => /^\p{N}+$/u.test(s)),
  isascii: isRow((s) => !/[^\0-\x7f]/.test(s)),
  isspace: isRow((s) => texts.onlyWhite.test(s)),
  islower: isRow(isLower),
  isupper: isRow(isUpper),
  istitle: isRow(isTitle),
  isidentifier: isRow((s) => /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u.test(s)),
});

function indexIn(run: Run, { items }: Seq, wanted: Arg): number {
  const at = items.findIndex((item) => equal(run, item, wanted ?? null));
  return at < 0 ? fail(run, 'the value is not in the list') : at;
}

/** Position in the list of an index that may count from the end. */
function place(run: Run, { items }: Seq, index: number): number {
  const at = index < 0 ? index + items.length : index;
  return at >= 0 && at < items.length ? at : fail(run, `index ${index} is outside a list of ${items.length}`);
}

/** `method(list, …)` that changes the list and returns None. */
const changing = (params: string, change: (run: Run, self: Seq, args: readonly Arg[]) => void) =>
  [
    params,
    (run: Run, self: Seq, args: readonly Arg[]): Value => (
      charge(run, 1 + (self.items.length >> 3)),
      change(run, self, args),
      null
    ),
  ] as const;

const READING = {
  index: ['value', (run: Run, self: Seq, [value]: readonly Arg[]) => indexIn(run, self, value)],
  count: [
    'value',
    (run: Run, self: Seq, [value]: readonly Arg[]) =>
      self.items.filter((item) => equal(run, item, value ?? null)).length,
  ],
} as const;
const TUPLE: Table<Seq> = table<Seq>(READING);

/** Lists a template changes are its own: the caller's data was copied. */
const LIST: Table<Seq> = table<Seq>({
  ...READING,
  append: changing('object', (_, self, [item]) => self.items.push(item ?? null)),
  extend: changing(
    'iterable',
    (run, self, [more]) => (self.items = self.items.concat(values.iterate(run, more ?? null))),
  ),
  insert: changing('index object', (run, self, [index, item]) =>
    self.items.splice(intArg(run, index), 0, item ?? null),
  ),
  remove: changing('value', (run, self, [value]) => self.items.splice(indexIn(run, self, value), 1)),
  clear: changing('', (_, self) => (self.items = [])),
  reverse: changing('', (_, self) => self.items.reverse()),
  sort: changing('reverse', (run, self, [reverse]) => {
    const sign = reverse !== undefined && truthy(reverse) ? -1 : 1;
    self.items.sort((a, b) => sign * compareValues(run, a, b));
  }),
  pop: [
    'index',
    (run, self, [index]) => (
      charge(run, 1 + (self.items.length >> 3)),
      self.items.splice(place(run, self, intArg(run, index, -1)), 1)[0]!
    ),
  ],
  copy: ['', (run, self) => list(values.iterate(run, self))],
});

const view = (label: string, items: Value[]): Seq => ({ kind: 'view', items, label });

/** Python's `dict` constructor and `update`: a mapping or pairs, then named values. */
export function fill(run: Run, self: Dict, from: Arg, named: ReadonlyMap<string, Value>): Dict {
  const pairs = from === undefined ? [] : isDict(from) ? values.items(run, from) : values.iterate(run, from);
  for (const pair of pairs) {
    const [key, value, ...rest] = values.iterate(run, pair);
    if (key === undefined || value === undefined || rest.length > 0) fail(run, 'expected pairs of key and value');
    values.setKey(run, self, key, value);
  }
  for (const { key, value } of namedDict(run, named).entries.values()) values.setKey(run, self, key, value);
  return self;
}

const DICT: Table<Dict> = table<Dict>({
  items: ['', (run, self) => view('dict_items', values.items(run, self))],
  keys: ['', (run, self) => view('dict_keys', values.iterate(run, self))],
  values: [
    '',
    (run, self) =>
      view(
        'dict_values',
        values.items(run, self).map((pair) => pair.items[1]!),
      ),
  ],
  get: [
    'key default',
    (run, self, [key, fallback]) => orElse(values.getKey(run, self, key ?? null), () => fallback ?? null),
  ],
  pop: [
    'key default',
    (run, self, [key, fallback]) => {
      const found = contains(run, self, key ?? null) ? values.getKey(run, self, key ?? null) : fallback;
      self.entries.delete(values.hashKey(run, key ?? null));
      return orElse(found, () => fail(run, 'the key is not in the dictionary'));
    },
  ],
  setdefault: [
    'key default',
    (run, self, [key, fallback]) => {
      if (!contains(run, self, key ?? null)) values.setKey(run, self, key ?? null, fallback ?? null);
      return values.getKey(run, self, key ?? null)!;
    },
  ],
  update: ['other **', (run, self, [other], named) => (fill(run, self, other, named), null)],
  clear: ['', (_, self) => (self.entries.clear(), null)],
  copy: ['', (run, self) => fill(run, values.dict(run), self, new Map())],
});

/** `value.name`: a method, else the dictionary's key of that name. */
export function attribute(run: Run, value: Value, name: string): Value {
  if (values.isUndef(value)) return fail(run, value.why);
  if (value !== null && typeof value === 'object' && value.kind === 'object') {
    return orElse(value.get?.(name), () => undef(`${value.name} has no attribute '${name}'`));
  }
  const method = methodOf(value, name);
  if (method) return method;
  const field = isSeq(value) ? value.items[value.names?.indexOf(name) ?? -1] : undefined;
  return orElse(isDict(value) ? value.entries.get(`"${name}`)?.value : field, () => missing(value, name));
}

/** `value[key]`: the item, else the method of that name. */
export function item(run: Run, value: Value, key: Value): Value {
  if (values.isUndef(value)) return fail(run, value.why);
  const none = () => missing(value, isText(key) ? key.text : values.typeName(key));
  if (isDict(value)) {
    const found = isSeq(key) && key.kind !== 'tuple' ? undefined : values.getKey(run, value, key);
    return orElse(found, () => (isText(key) && methodOf(value, key.text)) || none());
  }
  if (isText(key)) return attribute(run, value, key.text);
  if (typeof key !== 'number' && typeof key !== 'boolean') return none();
  if (isText(value)) return textItem(run, value, Number(key));
  if (!isSeq(value) || value.kind === 'view' || value.kind === 'generator') return none();
  const at = Number(key) < 0 ? Number(key) + value.items.length : Number(key);
  return orElse(value.items[at], () => undef(`index ${key} is outside a ${value.kind} of ${value.items.length}`));
}

function textItem(run: Run, value: Text, index: number): Value {
  const offsets = texts.codePointOffsets(run, value);
  const at = index < 0 ? index + offsets.length - 1 : index;
  if (at < 0 || at >= offsets.length - 1) return undef(`index ${index} is outside the string`);
  return texts.slice(run, value, offsets[at]!, offsets[at + 1]!);
}

const missing = (value: Value, name: string) => undef(`${values.typeName(value)} has no attribute or item '${name}'`);
