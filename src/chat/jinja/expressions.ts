/** Expressions, from the weakest binding (`a if b else c`) to the strongest (`a.b[c](d)`). */
import type { CallArgs, Expr, FilterStep } from './ast.ts';
import { enterRule, error, next, peek, skip, take, takeName, type Parser } from './tokens.ts';
import { float, type Value } from './values.ts';
import { text } from './text.ts';

const CONSTANTS = new Map<string, Value>([
  ...(['true', 'True'] as const).map((name) => [name, true] as const),
  ...(['false', 'False'] as const).map((name) => [name, false] as const),
  ...(['none', 'None'] as const).map((name) => [name, null] as const),
]);

/** `a, b`: commas make a tuple. `noChoice` leaves an `if` for the loop that it filters. */
export function parseTuple(p: Parser, { noChoice = false } = {}): Expr {
  const { line } = peek(p);
  const items: Expr[] = [];
  let comma = false;
  while (!startsNothing(p)) {
    items.push(noChoice ? parseOr(p) : parseExpression(p));
    if (!skip(p, ',')) {
      comma ||= items.length !== 1;
      break;
    }
    comma = true;
  }
  if (items.length === 0) throw error(p, 'an expression is missing');
  return comma ? { type: 'tuple', items, line } : items[0]!;
}

function startsNothing(p: Parser): boolean {
  const { type, value } = peek(p);
  return (
    type === '}}' ||
    type === '%}' ||
    (type === 'op' && (value === ')' || value === '=')) ||
    (type === 'name' && value === 'in')
  );
}

export function parseExpression(p: Parser): Expr {
  return enterRule(p, () => {
    let result = parseOr(p);
    for (;;) {
      const { line } = peek(p);
      if (!skip(p, 'if')) return result;
      const condition = parseOr(p);
      const otherwise = skip(p, 'else') ? parseExpression(p) : undefined;
      result = { type: 'choice', condition, then: result, line, ...(otherwise && { otherwise }) };
    }
  });
}

export function parseOr(p: Parser): Expr {
  let left = parseAnd(p);
  for (let { line } = peek(p); skip(p, 'or'); line = peek(p).line)
    left = { type: 'or', left, right: parseAnd(p), line };
  return left;
}

function parseAnd(p: Parser): Expr {
  let left = parseNot(p);
  for (let { line } = peek(p); skip(p, 'and'); line = peek(p).line)
    left = { type: 'and', left, right: parseNot(p), line };
  return left;
}

function parseNot(p: Parser): Expr {
  const { line } = peek(p);
  if (skip(p, 'not')) return enterRule(p, () => ({ type: 'unary', op: 'not', of: parseNot(p), line }));
  return parseCompare(p);
}

const COMPARISONS = ['==', '!=', '<=', '>=', '<', '>', 'in'];

function parseCompare(p: Parser): Expr {
  const { line } = peek(p);
  const first = parseBinary(p, 0);
  const rest: [string, Expr][] = [];
  for (;;) {
    const op = COMPARISONS.find((name) => skip(p, name));
    if (op !== undefined) rest.push([op, parseBinary(p, 0)]);
    else if (peek(p).value === 'not' && peek(p, 1).value === 'in' && peek(p).type === 'name') {
      next(p);
      next(p);
      rest.push(['not in', parseBinary(p, 0)]);
    } else return rest.length === 0 ? first : { type: 'compare', first, rest, line };
  }
}

/** Each level binds tighter than the one before; all group from the left, `**` too (as in Jinja, unlike Python). */
const LEVELS = [['+', '-'], ['~'], ['*', '/', '//', '%'], ['**']];

function parseBinary(p: Parser, level: number): Expr {
  const ops = LEVELS[level];
  if (ops === undefined) return parseUnary(p, true);
  let left = parseBinary(p, level + 1);
  for (;;) {
    const { line } = peek(p);
    const op = ops.find((name) => skip(p, name));
    if (op === undefined) return left;
    left = { type: 'binary', op, left, right: parseBinary(p, level + 1), line };
  }
}

function parseUnary(p: Parser, withFilters: boolean): Expr {
  return enterRule(p, () => {
    const { line } = peek(p);
    const op = (['-', '+'] as const).find((sign) => skip(p, sign));
    const inner: Expr = op ? { type: 'unary', op, of: parseUnary(p, false), line } : parsePrimary(p);
    const value = parsePostfix(p, inner);
    return withFilters ? parseFiltersAndTests(p, value) : value;
  });
}

function parsePrimary(p: Parser): Expr {
  const { type, value, line } = next(p);
  if (type === 'name') {
    const constant = CONSTANTS.get(value);
    return constant === undefined ? { type: 'name', name: value, line } : { type: 'literal', value: constant, line };
  }
  if (type === 'string') {
    let joined = value;
    while (peek(p).type === 'string') joined += next(p).value;
    return { type: 'literal', value: text(joined, true), line };
  }
  if (type === 'float') return { type: 'literal', value: float(Number(value)), line };
  if (type === 'int') {
    if (!Number.isSafeInteger(Number(value))) throw error(p, `the integer ${value} is beyond ±2^53`);
    return { type: 'literal', value: Number(value), line };
  }
  if (type === 'op' && value === '(') {
    if (skip(p, ')')) return { type: 'tuple', items: [], line };
    const inner = parseTuple(p);
    take(p, ')');
    return inner;
  }
  if (type === 'op' && value === '[') return { type: 'list', items: parseItems(p, ']', parseExpression), line };
  if (type === 'op' && value === '{') {
    const pair = (): [Expr, Expr] => {
      const key = parseExpression(p);
      take(p, ':');
      return [key, parseExpression(p)];
    };
    return { type: 'dict', pairs: parseItems(p, '}', pair), line };
  }
  throw error(p, `an expression cannot begin with ${value === '' ? type : `'${value}'`}`);
}

/** Comma-separated up to the closing bracket; a trailing comma is fine. */
export function parseItems<T>(p: Parser, close: string, parse: (p: Parser) => T): T[] {
  const items: T[] = [];
  while (!skip(p, close)) {
    if (items.length > 0) {
      take(p, ',');
      if (skip(p, close)) break;
    }
    items.push(parse(p));
  }
  return items;
}

function parsePostfix(p: Parser, start: Expr): Expr {
  let of = start;
  for (;;) {
    const { line } = peek(p);
    if (skip(p, '.')) {
      const { type, value } = next(p);
      if (type === 'name') of = { type: 'attribute', of, name: value, line };
      else if (type === 'int') of = { type: 'item', of, key: { type: 'literal', value: Number(value), line }, line };
      else throw error(p, `a name must follow the point, not '${value}'`);
    } else if (skip(p, '[')) of = parseSubscript(p, of, line);
    else if (skip(p, '(')) of = { type: 'call', of, args: parseArgs(p), line };
    else return of;
  }
}

function parseSubscript(p: Parser, of: Expr, line: number): Expr {
  const bound = () => (/^[:\],]$/.test(peek(p).value) && peek(p).type === 'op' ? undefined : parseExpression(p));
  const start = bound();
  if (!skip(p, ':')) {
    if (start === undefined) throw error(p, 'an index is missing');
    take(p, ']');
    return { type: 'item', of, key: start, line };
  }
  const stop = bound();
  const step = skip(p, ':') ? bound() : undefined;
  take(p, ']');
  return { type: 'slice', of, line, ...(start && { start }), ...(stop && { stop }), ...(step && { step }) };
}

/** After the opening parenthesis. */
export function parseArgs(p: Parser): CallArgs {
  const positional: CallArgs['positional'][number][] = [];
  const named: CallArgs['named'][number][] = [];
  parseItems(p, ')', () => {
    if (skip(p, '**')) named.push({ value: parseExpression(p) });
    else if (skip(p, '*')) positional.push({ value: parseExpression(p), spread: true });
    else if (peek(p).type === 'name' && peek(p, 1).type === 'op' && peek(p, 1).value === '=') {
      const name = next(p).value;
      next(p);
      named.push({ name, value: parseExpression(p) });
    } else if (named.length > 0) throw error(p, 'a positional argument after a named one');
    else positional.push({ value: parseExpression(p), spread: false });
  });
  return { positional, named };
}

/** After the bar: `name` or `name(args)`. */
export function parseFilterStep(p: Parser): FilterStep {
  const { line } = peek(p);
  return { name: takeName(p), args: skip(p, '(') ? parseArgs(p) : { positional: [], named: [] }, line };
}

function parseFiltersAndTests(p: Parser, start: Expr): Expr {
  let of = start;
  for (;;) {
    const { line } = peek(p);
    if (skip(p, '|')) of = { type: 'filter', of, ...parseFilterStep(p) };
    else if (skip(p, 'is')) {
      const negated = skip(p, 'not');
      const test: Expr = { type: 'test', of, name: takeName(p), args: parseTestArgs(p), line };
      of = negated ? { type: 'unary', op: 'not', of: test, line } : test;
    } else if (skip(p, '(')) of = { type: 'call', of, args: parseArgs(p), line };
    else return of;
  }
}

/** `is divisibleby(3)` or `is divisibleby 3`: one argument needs no parentheses. */
function parseTestArgs(p: Parser): CallArgs {
  if (skip(p, '(')) return parseArgs(p);
  const { type, value } = peek(p);
  const begins =
    type === 'string' ||
    type === 'int' ||
    type === 'float' ||
    (type === 'op' && (value === '[' || value === '{')) ||
    (type === 'name' && !['else', 'or', 'and', 'if', 'is', 'in', 'not'].includes(value));
  if (!begins) return { positional: [], named: [] };
  return { positional: [{ value: parsePostfix(p, parsePrimary(p)), spread: false }], named: [] };
}
