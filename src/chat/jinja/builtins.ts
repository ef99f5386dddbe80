/** Functions written in TypeScript: a row names its parameters once, and arguments are bound as Python binds them. */
import { charge, chargeObjects, fail, type Run } from './run.ts';
import { untrusted, type Text } from './text.ts';
import { dict, isText, kindOf, numberOf, typeName, type Args, type Value } from './values.ts';

export type Arg = Value | undefined;

/**
 * `params` is `'width first=…'` without the defaults: names in order; a final `*` takes more positional arguments (they
 * follow in `args`), a final `**` any named ones.
 */
export type Builtin<Self> = readonly [
  params: string,
  apply: (run: Run, self: Self, args: readonly Arg[], named: ReadonlyMap<string, Value>) => Value,
];

export type Table<Self> = ReadonlyMap<string, Builtin<Self>>;

/** A Map, so that a template's `constructor` or `__proto__` finds nothing. */
export function table<Self>(rows: Record<string, Builtin<Self>>): Table<Self> {
  return new Map(Object.entries(rows));
}

/** Text costs by its length, whatever the function does with it. */
export function apply<Self extends Value>(
  run: Run,
  name: string,
  [params, body]: Builtin<Self>,
  self: Self,
  { positional, named }: Args,
): Value {
  const names = params.split(' ').filter((param) => param !== '');
  const takesAny = names.at(-1) === '**' && names.pop() !== undefined;
  const takesMore = names.at(-1) === '*' && names.pop() !== undefined;
  const args: Arg[] = names.map(
    (param, i) => positional[i] ?? (i < positional.length ? positional[i] : named.get(param)),
  );
  if (positional.length > names.length) {
    if (!takesMore) fail(run, `${name}() takes ${names.length} arguments at most, got ${positional.length}`);
    for (const more of positional.slice(names.length)) args.push(more);
  }
  for (const given of named.keys()) {
    if (!names.includes(given) && !takesAny)
      fail(run, `${name}() has no parameter '${given}'; it has: ${names.join(', ') || 'none'}`);
    if (names.indexOf(given) >= 0 && names.indexOf(given) < positional.length)
      fail(run, `${name}() got '${given}' twice`);
  }
  chargeObjects(run, 1);
  for (const each of [self, ...args]) if (isText(each)) charge(run, each.text.length >> 3);
  return body(run, self, args, named);
}

/** An integer argument (a boolean counts), or the fallback where none was given. */
export function intArg(run: Run, arg: Arg, fallback?: number): number {
  if (arg === undefined && fallback !== undefined) return fallback;
  const kind = arg === undefined ? 'nothing' : kindOf(arg);
  return kind === 'int' || kind === 'bool' ? Number(arg) : fail(run, `expected an integer, got ${kind}`);
}

export function numberArg(run: Run, arg: Arg): number {
  return numberOf(arg) ?? fail(run, `expected a number, got ${arg === undefined ? 'nothing' : typeName(arg)}`);
}

export function textArg(run: Run, arg: Arg): Text {
  return isText(arg) ? arg : fail(run, `expected a string, got ${arg === undefined ? 'nothing' : typeName(arg)}`);
}

/** A string's characters where a string or None is allowed. */
export function charsArg(run: Run, arg: Arg): string | undefined {
  return arg === undefined || arg === null ? undefined : textArg(run, arg).text;
}

/** Named arguments as a dictionary: `dict(a=1)`. */
export function namedDict(run: Run, named: ReadonlyMap<string, Value>) {
  return dict(
    run,
    [...named].map(([name, value]) => [untrusted(name), value] as const),
  );
}
