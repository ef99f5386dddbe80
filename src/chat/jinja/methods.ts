/** Methods of strings, lists and dictionaries, as Python has them, and how a template gets at what is in a value. */
import { apply, charsArg, intArg, namedDict, table, textArg, type Builtin, type Table } from './builtins.ts';
import { charge, chargeObjects, fail, notAmong, replaceEach, type Run } from './run.ts';
import * as texts from './text.ts';
import { mapText, type Text } from './text.ts';
import { toText } from './print.ts';
import * as values from './values.ts';
import {
  callable,
  isDict,
  isSeq,
  isText,
  list,
  orElse,
  undef,
  type Args,
  type Dict,
  type Obj,
  type Seq,
  type Value,
} from './values.ts';

/** Python's `capitalize`: of a capital that is several letters only the first is large, `ﬁn` → `Fin`. */
function capitalize(s: string): string {
  const first = /^./su.exec(s)?.[0] ?? '';
  const capital = first.toUpperCase().replace(/(?<=^.).+/su, (rest) => rest.toLowerCase());
  return capital + s.toLowerCase().slice(first.toLowerCase().length);
}

/** `str.title`: a letter with case is large where none stands before it. */
const titleCase = (s: string, run: Run) => replaceEach(run, s, /\p{Cased}+/gu, ([word]) => capitalize(word));

type TextRow = Builtin<Text>;

const stripRow = (sides: 'both' | 'left' | 'right'): TextRow => [
  'chars',
  (run, s, [chars]) => texts.strip(run, s, sides, charsArg(run, chars)),
];
const caseRow = (change: (s: string, run: Run) => string): TextRow => [
  '',
  (run, s) => mapText(run, s, (text) => change(text, run)),
];

/** A tuple of affixes asks for any of them. */
const affixRow = (holds: (s: string, affix: string) => boolean): TextRow => [
  'affix',
  (run, s, [affix]) => {
    const options = isSeq(affix) && affix.kind === 'tuple' ? affix.items : [affix];
    return options.some((option) => {
      const { text } = textArg(run, option);
      charge(run, 1 + (text.length >> 3));
      return holds(s.text, text);
    });
  },
];

export const textMethods = {
  strip: stripRow('both'),
  lstrip: stripRow('left'),
  rstrip: stripRow('right'),
  upper: caseRow((s) => s.toUpperCase()),
  lower: caseRow((s) => s.toLowerCase()),
  title: caseRow(titleCase),
  capitalize: caseRow(capitalize),
  split: [
    'sep maxsplit',
    (run, s, [sep, limit]) =>
      list(
        texts.split(run, s, sep === undefined || sep === null ? undefined : textArg(run, sep), intArg(run, limit, -1)),
      ),
  ],
  replace: [
    'old new count',
    (run, s, [old, by, limit]) => texts.replace(run, s, textArg(run, old), textArg(run, by), intArg(run, limit, -1)),
  ],
  startswith: affixRow((s, prefix) => s.startsWith(prefix)),
  endswith: affixRow((s, suffix) => s.endsWith(suffix)),
  format: ['* **', (run, s, args, named) => format(run, s, { positional: args as Value[], named })],
} satisfies Record<string, TextRow>;

const TEXT: Table<Text> = table<Text>(textMethods);

/** `'{} and {0}, {name}'.format(…)`: plain places, without a width or precision. */
function format(run: Run, template: Text, { positional, named }: Args): Text {
  let nUsed = 0;
  const pieces = texts.cutAround(run, template, /\{\{|\}\}|\{\w*\}/g);
  const filled = pieces.map((piece, i) => {
    const place = piece.text;
    if (i % 2 === 0) {
      if (/[{}]/.test(place)) fail(run, 'a format string has {}, {0}, {name}, {{ and }} at most');
      return piece;
    }
    if (place === '{{' || place === '}}') return texts.slice(run, piece, 0, 1);
    const field = place.slice(1, -1);
    const value =
      field === '' ? positional[nUsed++] : /^\d+$/.test(field) ? positional[Number(field)] : named.get(field);
    return value === undefined ? fail(run, `no value for ${place} in a format string`) : toText(run, value);
  });
  return texts.concat(run, filled);
}

/** Lists a template changes are its own: the caller's data was copied. */
const LIST: Table<Seq> = table<Seq>({
  append: ['object', (_, self, [item]) => (self.items.push(item ?? null), null)],
  pop: [
    'index',
    (run, { items }, [at]) => {
      const index = intArg(run, at, -1);
      charge(run, 1 + (items.length >> 3));
      const found = items.at(index) === undefined ? [] : items.splice(index, 1);
      return orElse(found[0], () => fail(run, `index ${index} is outside a list of ${items.length}`));
    },
  ],
});

const view = (label: string, items: Value[]): Seq => ({ kind: 'view', items, label });

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
});

function methodsOf(value: Value): Table<never> | undefined {
  if (isText(value)) return TEXT;
  if (isDict(value)) return DICT;
  return isSeq(value) && value.kind === 'list' ? LIST : undefined;
}

function methodOf(run: Run, value: Value, name: string): Obj | undefined {
  const method = methodsOf(value)?.get(name);
  chargeObjects(run, 3);
  return method && callable(name, (run, args) => apply(run, name, method, value as never, args));
}

/** Python's `dict` constructor: a mapping or pairs, then named values. */
export function dictFrom(run: Run, from: Value | undefined, named: ReadonlyMap<string, Value>): Dict {
  const made = values.dict(run);
  const pairs = from === undefined ? [] : isDict(from) ? values.items(run, from) : values.iterate(run, from);
  for (const pair of pairs) {
    const [key, value, ...rest] = values.iterate(run, pair);
    if (key === undefined || value === undefined || rest.length > 0) fail(run, 'expected pairs of key and value');
    values.setKey(run, made, key, value);
  }
  for (const { key, value } of namedDict(run, named).entries.values()) values.setKey(run, made, key, value);
  return made;
}

/** `value.name`: a method, else the dictionary's key of that name. */
export function attribute(run: Run, value: Value, name: string): Value {
  charge(run, 1);
  if (values.isUndef(value)) return fail(run, value.why());
  if (value !== null && typeof value === 'object' && value.kind === 'object') {
    return orElse(value.get?.(name), () => missing(run, value, name));
  }
  const field = isDict(value) ? value.entries.get(`"${name}`)?.value : undefined;
  return methodOf(run, value, name) ?? orElse(field, () => missing(run, value, name));
}

/** `value[key]`: the item, else the method of that name. */
export function item(run: Run, value: Value, key: Value): Value {
  charge(run, 1);
  if (values.isUndef(value)) return fail(run, value.why());
  const none = () => missing(run, value, isText(key) ? key.text : values.typeName(key));
  if (isDict(value)) {
    const found = isSeq(key) && key.kind !== 'tuple' ? undefined : values.getKey(run, value, key);
    return orElse(found, () => (isText(key) && methodOf(run, value, key.text)) || none());
  }
  if (isText(key)) return attribute(run, value, key.text);
  if (typeof key !== 'number' && typeof key !== 'boolean') return none();
  if (isText(value)) return textItem(run, value, Number(key));
  if (!isSeq(value) || value.kind === 'view' || value.kind === 'generator') return none();
  const outside = () => undef(() => `index ${key} is outside a ${value.kind} of ${value.items.length}`);
  return orElse(value.items.at(Number(key)), outside);
}

function textItem(run: Run, value: Text, index: number): Value {
  const offsets = texts.codePointOffsets(run, value);
  const at = index < 0 ? index + offsets.length - 1 : index;
  if (at < 0 || at >= offsets.length - 1) return undef(() => `index ${index} is outside the string`);
  return texts.slice(run, value, offsets[at]!, offsets[at + 1]!);
}

function missing(run: Run, value: Value, name: string): Value {
  chargeObjects(run, 2);
  const methods = () => notAmong(name, methodsOf(value)?.keys() ?? []);
  return undef(() => `${values.typeName(value)} has no item or method ${methods()}`);
}
