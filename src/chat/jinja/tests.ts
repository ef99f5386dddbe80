/** What follows `is`: `x is defined`, `n is eq 3`. */
import { apply, numberArg, table, type Builtin, type Table } from './builtins.ts';
import { equal } from './compare.ts';
import { toText } from './print.ts';
import { fail, unknownName, type Run } from './run.ts';
import { kindOf, numberOf, truthy, type Args, type Value } from './values.ts';

const kindRow = (...kinds: string[]): Builtin<Value> => ['', (_, value) => kinds.includes(kindOf(value))];
const textRow = (holds: (s: string) => boolean): Builtin<Value> => ['', (run, value) => holds(toText(run, value).text)];
const equalRow: Builtin<Value> = [
  'other',
  (run, value, [other]) => equal(run, value, other === undefined ? fail(run, 'the test needs a second value') : other),
];

const TESTS: Table<Value> = table<Value>({
  defined: ['', (_, value) => kindOf(value) !== 'undefined'],
  undefined: kindRow('undefined'),
  none: kindRow('none'),
  boolean: kindRow('bool'),
  true: ['', (_, value) => value === true],
  false: ['', (_, value) => value === false],
  integer: kindRow('int'),
  number: ['', (_, value) => numberOf(value) !== undefined],
  string: kindRow('text'),
  mapping: kindRow('dict'),
  sequence: kindRow('text', 'list', 'tuple', 'range', 'dict', 'undefined'),
  iterable: kindRow('text', 'list', 'tuple', 'range', 'dict', 'generator', 'view', 'undefined'),
  callable: [
    '',
    (_, value) =>
      value !== null &&
      typeof value === 'object' &&
      (value.kind === 'undefined' || (value.kind === 'object' && value.call !== undefined)),
  ],
  lower: textRow((s) => /\p{Lowercase}/u.test(s) && !/[\p{Lu}\p{Lt}]/u.test(s)),
  upper: textRow((s) => /\p{Uppercase}/u.test(s) && !/[\p{Ll}\p{Lt}]/u.test(s)),
  even: ['', (run, value) => numberArg(run, value) % 2 === 0],
  odd: ['', (run, value) => Math.abs(numberArg(run, value) % 2) === 1],
  eq: equalRow,
  equalto: equalRow,
});

export function applyTest(run: Run, name: string, value: Value, args: Args): boolean {
  const test = TESTS.get(name);
  if (!test) throw unknownName(run.line, 'test', name, TESTS.keys());
  return truthy(apply(run, name, test, value, args));
}
