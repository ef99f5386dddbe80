/** What follows `is`: `x is defined`, `n is divisibleby 3`. */
import { UnsupportedError } from '../../errors.ts';
import { apply, intArg, table, type Arg, type Builtin } from './builtins.ts';
import { compareValues, contains, equal } from './compare.ts';
import { isLower, isUpper } from './methods.ts';
import { toText } from './print.ts';
import { fail, type Run } from './run.ts';
import { kindOf, numberOf, orElse, truthy, type Args, type Value } from './values.ts';

const kindRow = (...kinds: string[]): Builtin<Value> => ['', (_, value) => kinds.includes(kindOf(value))];
const compareRow = (holds: (run: Run, a: Value, b: Value) => boolean): Builtin<Value> => [
  'other',
  (run, value, [other]) =>
    holds(
      run,
      value,
      orElse(other, () => fail(run, 'the test needs a value to compare with')),
    ),
];
const integer = (run: Run, value: Arg) => intArg(run, value);

const rows = {
  defined: ['', (_, value) => kindOf(value) !== 'undefined'],
  undefined: kindRow('undefined'),
  none: kindRow('none'),
  boolean: kindRow('bool'),
  true: ['', (_, value) => value === true],
  false: ['', (_, value) => value === false],
  integer: kindRow('int'),
  float: kindRow('float'),
  number: ['', (_, value) => numberOf(value) !== undefined],
  string: kindRow('text'),
  mapping: kindRow('dict'),
  sequence: kindRow('text', 'list', 'tuple', 'range', 'dict', 'undefined'),
  iterable: kindRow('text', 'list', 'tuple', 'range', 'dict', 'generator', 'view', 'undefined'),
  callable: [
    '',
    (_, value) => value !== null && typeof value === 'object' && value.kind === 'object' && value.call !== undefined,
  ],
  lower: ['', (run, value) => isLower(toText(run, value).text)],
  upper: ['', (run, value) => isUpper(toText(run, value).text)],
  even: ['', (run, value) => integer(run, value) % 2 === 0],
  odd: ['', (run, value) => integer(run, value) % 2 !== 0],
  divisibleby: [
    'num',
    (run, value, [num]) => integer(run, value) % (integer(run, num) || fail(run, 'division by zero')) === 0,
  ],
  in: compareRow((run, a, b) => contains(run, b, a)),
  sameas: compareRow((run, a, b) => a === b || (kindOf(a) === 'text' && kindOf(b) === 'text' && equal(run, a, b))),
  eq: compareRow(equal),
  ne: compareRow((run, a, b) => !equal(run, a, b)),
  lt: compareRow((run, a, b) => compareValues(run, a, b) < 0),
  le: compareRow((run, a, b) => compareValues(run, a, b) <= 0),
  gt: compareRow((run, a, b) => compareValues(run, a, b) > 0),
  ge: compareRow((run, a, b) => compareValues(run, a, b) >= 0),
} satisfies Record<string, Builtin<Value>>;

const TESTS = table<Value>({
  ...rows,
  '==': rows.eq,
  equalto: rows.eq,
  '!=': rows.ne,
  '<': rows.lt,
  lessthan: rows.lt,
  '<=': rows.le,
  '>': rows.gt,
  greaterthan: rows.gt,
  '>=': rows.ge,
});

export function applyTest(run: Run, name: string, value: Value, args: Args): boolean {
  const test = TESTS.get(name);
  if (test) return truthy(apply(run, name, test, value, args));
  throw new UnsupportedError(
    `chat template, line ${run.line}: no test '${name}'; there are: ${[...TESTS.keys()].join(', ')}`,
  );
}

/** The comparisons of expressions: `a < b`, `a not in b`. */
export function compare(run: Run, op: string, left: Value, right: Value): boolean {
  if (op === 'in' || op === 'not in') return contains(run, right, left) === (op === 'in');
  return truthy(rows[OPERATORS[op]!][1](run, left, [right], new Map()));
}

const OPERATORS: Record<string, 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'> = {
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
};
