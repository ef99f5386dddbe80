/** What follows a bar: `x | trim | tojson(indent=2)`. Filters of lists are here, those of text in `text_filters.ts`. */
import { UnsupportedError } from '../../errors.ts';
import { apply, intArg, numberArg, table, textArg, type Arg, type Builtin, type Table } from './builtins.ts';
import { compareValues } from './compare.ts';
import { toFixed } from './format.ts';
import { attribute, item } from './methods.ts';
import { binary } from './operators.ts';
import { checkItems, fail, type Run } from './run.ts';
import { applyTest } from './tests.ts';
import { characters, concat, EMPTY, join, mapText } from './text.ts';
import { textFilters } from './text_filters.ts';
import { toText } from './print.ts';
import {
  float,
  int,
  isDict,
  isText,
  isUndef,
  items,
  iterate,
  kindOf,
  lengthOf,
  list,
  numberOf,
  orElse,
  seq,
  truthy,
  typeName,
  undef,
  hashKey,
  type Args,
  type Value,
} from './values.ts';

const given = (arg: Arg) => arg !== undefined && arg !== null;
const isTrue = (arg: Arg) => arg !== undefined && truthy(arg);
const lower = (run: Run, value: Value) => (isText(value) ? mapText(run, value, (s) => s.toLowerCase()) : value);

/** `attribute='a.b.0'`: a path into each item; without one, the item itself. */
function getter(run: Run, path: Arg, fallback?: Arg): (value: Value) => Value {
  if (!given(path)) return (value) => value;
  const steps: Value[] =
    typeof path === 'number'
      ? [path]
      : textArg(run, path)
          .text.split('.')
          .map((s) => (/^\d+$/.test(s) ? Number(s) : { ...EMPTY, text: s }));
  return (value) => {
    const found = steps.reduce(
      (of: Value, step) => (isText(step) && !isDict(of) ? attribute(run, of, step.text) : item(run, of, step)),
      value,
    );
    return isUndef(found) && fallback !== undefined ? fallback : found;
  };
}

/** Orders by one or more paths, ignoring case unless told otherwise. */
function sorter(run: Run, path: Arg, caseSensitive: Arg): (a: Value, b: Value) => number {
  const paths = isText(path) ? path.text.split(',').map((s) => ({ ...path, text: s })) : [path];
  const getters = paths.map((p) => getter(run, p));
  const keyOf = (value: Value) =>
    seq(
      'tuple',
      getters.map((get) => (isTrue(caseSensitive) ? get(value) : lower(run, get(value)))),
    );
  return (a, b) => compareValues(run, keyOf(a), keyOf(b));
}

function sorted(values: Value[], order: (a: Value, b: Value) => number, reverse: Arg): Value[] {
  const sign = isTrue(reverse) ? -1 : 1;
  return values.sort((a, b) => sign * order(a, b));
}

/** `select('odd')`, `rejectattr('role', 'equalto', 'user')`: keeps the items whose test gives `wanted`. */
function picking(wanted: boolean, byAttribute: boolean): Builtin<Value> {
  return [
    '*',
    (run, value, args) => {
      const get = byAttribute
        ? getter(run, args[0] ?? fail(run, 'the name of an attribute is missing'))
        : (v: Value) => v;
      const [test, ...rest] = (byAttribute ? args.slice(1) : args) as Value[];
      const holds = (v: Value) =>
        test === undefined
          ? truthy(v)
          : applyTest(run, textArg(run, test).text, v, { positional: rest, named: new Map() });
      return seq(
        'generator',
        iterate(run, value).filter((each) => holds(get(each)) === wanted),
      );
    },
  ];
}

const extreme = (sign: number): Builtin<Value> => [
  'case_sensitive attribute',
  (run, value, [caseSensitive, path]) => {
    const order = sorter(run, path, caseSensitive);
    const values = iterate(run, value);
    return values.length === 0
      ? undef('the sequence is empty')
      : values.reduce((best, each) => (sign * order(each, best) > 0 ? each : best));
  },
];

function map(run: Run, value: Value, args: readonly Arg[], named: ReadonlyMap<string, Value>): Value {
  const [name, ...positional] = args as Value[];
  if (name === undefined) {
    const get = getter(
      run,
      named.get('attribute') ?? fail(run, 'map() needs the name of a filter, or attribute='),
      named.get('default'),
    );
    return seq('generator', iterate(run, value).map(get));
  }
  return seq(
    'generator',
    iterate(run, value).map((each) => applyFilter(run, textArg(run, name).text, each, { positional, named })),
  );
}

/** Rows of `n`; the last is filled up if a filler is given. */
function batch(run: Run, value: Value, [size, filler]: readonly Arg[]): Value {
  const values = iterate(run, value);
  const n = intArg(run, size);
  if (n < 1) fail(run, `rows of ${n} items`);
  checkItems(run, n);
  const rows: Value[][] = [];
  for (let i = 0; i < values.length; i += n) rows.push(values.slice(i, i + n));
  const last = rows.at(-1);
  if (last && given(filler)) while (last.length < n) last.push(filler!);
  return seq('generator', rows.map(list));
}

/** `n` columns whose lengths differ by one at most. */
function columns(run: Run, value: Value, [count, filler]: readonly Arg[]): Value {
  const values = iterate(run, value);
  const n = intArg(run, count);
  if (n < 1) fail(run, `${n} slices`);
  checkItems(run, n);
  const size = Math.floor(values.length / n);
  const nLonger = values.length % n;
  const rows = Array.from({ length: n }, (_, i) => {
    const begin = i * size + Math.min(i, nLonger);
    const row = values.slice(begin, begin + size + (i < nLonger ? 1 : 0));
    return list(given(filler) && i >= nLonger ? [...row, filler!] : row);
  });
  return seq('generator', rows);
}

function groupBy(run: Run, value: Value, [path, fallback, caseSensitive]: readonly Arg[]): Value {
  const get = getter(run, path, fallback);
  const keyOf = (each: Value) => (isTrue(caseSensitive) ? get(each) : lower(run, get(each)));
  const values = iterate(run, value).sort((a, b) => compareValues(run, keyOf(a), keyOf(b)));
  const groups = new Map<string, Value[]>();
  for (const each of values) {
    const hash = hashKey(run, keyOf(each));
    groups.set(hash, [...(groups.get(hash) ?? []), each]);
    run.steps += groups.get(hash)!.length;
  }
  return list(
    [...groups.values()].map((group) => ({
      kind: 'tuple',
      items: [get(group[0]!), list(group)],
      names: ['grouper', 'list'],
    })),
  );
}

function unique(run: Run, value: Value, [caseSensitive, path]: readonly Arg[]): Value {
  const get = getter(run, path);
  const seen = new Set<string>();
  const isNew = (each: Value) => {
    const hash = hashKey(run, isTrue(caseSensitive) ? get(each) : lower(run, get(each)));
    return !seen.has(hash) && seen.add(hash) !== undefined;
  };
  return seq('generator', iterate(run, value).filter(isNew));
}

function dictSort(run: Run, value: Value, [caseSensitive, by, reverse]: readonly Arg[]): Value {
  if (!isDict(value)) return fail(run, `dictsort needs a dictionary, got ${typeName(value)}`);
  const part =
    by === undefined
      ? 0
      : (['key', 'value'].indexOf(textArg(run, by).text) + 1 || fail(run, "dictsort sorts by 'key' or 'value'")) - 1;
  return list(sorted(items(run, value), sorter(run, part, caseSensitive), reverse));
}

function round(run: Run, value: Value, [precision, method]: readonly Arg[]): Value {
  const x = numberArg(run, value);
  const places = intArg(run, precision, 0);
  const how = method === undefined ? 'common' : textArg(run, method).text;
  const scale = 10 ** places;
  if (how === 'ceil' || how === 'floor') return float(Math[how](x * scale) / scale);
  if (how !== 'common') fail(run, "round() knows the methods 'common', 'ceil' and 'floor'");
  if (!Number.isFinite(x) || Math.abs(x) >= 1e21) return float(x);
  if (places < 0) return float(Number(toFixed(x * scale, 0)) / scale);
  const rounded = Number(toFixed(x, Math.min(places, 60)));
  return kindOf(value) === 'int' ? int(run, rounded) : float(rounded);
}

function parseNumber(value: Value, pattern: RegExp): number | undefined {
  const written = isText(value) ? value.text.trim().replaceAll('_', '') : undefined;
  return written !== undefined && pattern.test(written) ? Number(written) : numberOf(value);
}

const FLOAT = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

function toInt(run: Run, value: Value, [fallback, base]: readonly Arg[]): Value {
  const radix = intArg(run, base, 10);
  if (isText(value) && radix !== 10) {
    const digits = value.text
      .trim()
      .toLowerCase()
      .replace({ 16: /^0x/, 8: /^0o/, 2: /^0b/ }[radix] ?? /^$/, '');
    const valid = radix > 1 && radix <= 36 && digits !== '' && [...digits].every((d) => parseInt(d, radix) >= 0);
    return valid ? int(run, parseInt(digits, radix)) : orElse(fallback, () => 0);
  }
  const number = parseNumber(value, FLOAT);
  return number === undefined || !Number.isFinite(number) ? orElse(fallback, () => 0) : int(run, Math.trunc(number));
}

function reverse(run: Run, value: Value): Value {
  return isText(value)
    ? concat(run, characters(run, value).reverse())
    : seq('generator', iterate(run, value).reverse());
}

const ends = (index: 0 | -1): Builtin<Value> => [
  '',
  (run, value) => orElse(iterate(run, value).at(index), () => undef('the sequence is empty')),
];

const LISTS: Record<string, Builtin<Value>> = {
  default: [
    'default_value boolean',
    (_, value, [fallback, anyFalse]) =>
      isUndef(value) || (isTrue(anyFalse) && !truthy(value)) ? orElse(fallback, () => EMPTY) : value,
  ],
  length: ['', (run, value) => lengthOf(run, value)],
  first: ends(0),
  last: ends(-1),
  list: ['', (run, value) => list(iterate(run, value))],
  reverse: ['', reverse],
  join: [
    'd attribute',
    (run, value, [separator, path]) =>
      join(
        run,
        separator === undefined ? EMPTY : toText(run, separator),
        iterate(run, value).map((each) => toText(run, getter(run, path)(each))),
      ),
  ],
  map: ['* **', map],
  select: picking(true, false),
  reject: picking(false, false),
  selectattr: picking(true, true),
  rejectattr: picking(false, true),
  sort: [
    'reverse case_sensitive attribute',
    (run, value, [down, caseSensitive, path]) =>
      list(sorted(iterate(run, value), sorter(run, path, caseSensitive), down)),
  ],
  unique: ['case_sensitive attribute', unique],
  groupby: ['attribute default case_sensitive', groupBy],
  batch: ['linecount fill_with', batch],
  slice: ['slices fill_with', columns],
  min: extreme(-1),
  max: extreme(1),
  sum: [
    'attribute start',
    (run, value, [path, start]) =>
      iterate(run, value)
        .map(getter(run, path))
        .reduce((a, b) => binary(run, '+', a, b), start ?? 0),
  ],
  items: [
    '',
    (run, value) =>
      isDict(value)
        ? seq('generator', items(run, value))
        : isUndef(value)
          ? seq('generator', [])
          : fail(run, `items needs a dictionary, got ${typeName(value)}`),
  ],
  dictsort: ['case_sensitive by reverse', dictSort],
  attr: [
    'name',
    (run, value, [name]) =>
      isDict(value) ? undef('a dictionary has no such attribute') : attribute(run, value, textArg(run, name).text),
  ],
  abs: [
    '',
    (run, value) =>
      kindOf(value) === 'float' ? float(Math.abs(numberArg(run, value))) : Math.abs(numberArg(run, value)),
  ],
  round: ['precision method', round],
  int: ['default base', toInt],
  float: [
    'default',
    (_, value, [fallback]) => {
      const number = parseNumber(value, FLOAT);
      return number === undefined ? orElse(fallback, () => float(0)) : float(number);
    },
  ],
};

const FILTERS: Table<Value> = table<Value>({ ...LISTS, ...textFilters, d: LISTS.default!, count: LISTS.length! });

export function applyFilter(run: Run, name: string, value: Value, args: Args): Value {
  const filter = FILTERS.get(name);
  if (filter) return apply(run, name, filter, value, args);
  throw new UnsupportedError(
    `chat template, line ${run.line}: no filter '${name}'; there are: ${[...FILTERS.keys()].sort().join(', ')}`,
  );
}
