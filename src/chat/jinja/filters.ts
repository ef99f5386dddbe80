/** What follows a bar: `x | trim | tojson(indent=2)`. Filters of lists are here, those of text in `text_filters.ts`. */
import { apply, numberArg, table, textArg, type Arg, type Builtin, type Table } from './builtins.ts';
import { compareValues } from './compare.ts';
import { attribute, item } from './methods.ts';
import { toText } from './print.ts';
import { chargeObjects, fail, unknownName, type Run } from './run.ts';
import { applyTest } from './tests.ts';
import { characters, concat, EMPTY, join, mapText } from './text.ts';
import { isTrue, textFilters } from './text_filters.ts';
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

const lower = (run: Run, value: Value) => (isText(value) ? mapText(run, value, (s) => s.toLowerCase()) : value);

/** `attribute='a.b.0'`: a path into each item; without one, the item itself. */
function getter(run: Run, path: Arg, fallback?: Arg): (value: Value) => Value {
  if (path === undefined || path === null) return (value) => value;
  if (isText(path)) chargeObjects(run, path.text.length); // it may be all points
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
  if (isText(path)) chargeObjects(run, path.text.length);
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

/** What `map`, `select` and their like walk over: nothing, if the value is none, false or 0. */
const walked = (run: Run, value: Value) => (truthy(value) ? iterate(run, value) : []);

/** `select('odd')`, `rejectattr('role', 'equalto', 'user')`: keeps the items whose test gives `wanted`. */
function picking(wanted: boolean, byAttribute: boolean): Builtin<Value> {
  return [
    '*',
    (run, value, args) => {
      const [test, ...rest] = (byAttribute ? args.slice(1) : args) as Value[];
      const get = getter(run, byAttribute ? (args[0] ?? fail(run, 'the name of an attribute is missing')) : undefined);
      const holds = (v: Value) =>
        test === undefined
          ? truthy(v)
          : applyTest(run, textArg(run, test).text, v, { positional: rest, named: new Map() });
      return seq(
        'generator',
        walked(run, value).filter((each) => holds(get(each)) === wanted),
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
      ? undef(() => 'the sequence is empty')
      : values.reduce((best, each) => (sign * order(each, best) > 0 ? each : best));
  },
];

function map(run: Run, value: Value, args: readonly Arg[], named: ReadonlyMap<string, Value>): Value {
  const [name, ...positional] = args as Value[];
  const noPath = () => fail(run, 'map() needs the name of a filter, or attribute=');
  const change =
    name === undefined
      ? getter(run, named.get('attribute') ?? noPath(), named.get('default'))
      : (each: Value) => applyFilter(run, textArg(run, name).text, each, { positional, named });
  return seq('generator', walked(run, value).map(change));
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

const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

/** `int` and `float`: the number that a value is or spells, as `make` has it; else the fallback, or zero. */
const numeric = (make: (run: Run, x: number) => Value, isUsable: (x: number) => boolean): Builtin<Value> => [
  'default',
  (run, value, [fallback]) => {
    if (isUndef(value)) fail(run, value.why());
    const written = isText(value) ? value.text.trim().replaceAll('_', '') : undefined;
    const number = written !== undefined && NUMBER.test(written) ? Number(written) : numberOf(value);
    return number !== undefined && isUsable(number) ? make(run, number) : orElse(fallback, () => make(run, 0));
  },
];

function reverse(run: Run, value: Value): Value {
  return isText(value)
    ? concat(run, characters(run, value).reverse())
    : seq('generator', iterate(run, value).reverse());
}

const ends = (index: 0 | -1): Builtin<Value> => [
  '',
  (run, value) => orElse(iterate(run, value).at(index), () => undef(() => 'the sequence is empty')),
];

const lists: Record<string, Builtin<Value>> = {
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
  min: extreme(-1),
  max: extreme(1),
  items: [
    '',
    (run, value) =>
      isDict(value) || isUndef(value)
        ? seq('generator', isDict(value) ? items(run, value) : [])
        : fail(run, `items needs a dictionary, got ${typeName(value)}`),
  ],
  dictsort: ['case_sensitive by reverse', dictSort],
  abs: [
    '',
    (run, value) => {
      const size = Math.abs(numberArg(run, value));
      return kindOf(value) === 'float' ? float(size) : size;
    },
  ],
  int: numeric((run, x) => int(run, Math.trunc(x)), Number.isFinite),
  float: numeric(
    (_, x) => float(x),
    () => true,
  ),
};

const FILTERS: Table<Value> = table<Value>({ ...lists, ...textFilters });

export function applyFilter(run: Run, name: string, value: Value, args: Args): Value {
  const filter = FILTERS.get(name);
  if (!filter) throw unknownName(run.line, 'filter', name, FILTERS.keys());
  return apply(run, name, filter, value, args);
}
