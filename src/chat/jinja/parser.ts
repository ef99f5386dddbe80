/** Statements: what stands between `{%` and `%}`. */
import type { Body, FilterStep, Parameter, Stmt, Target } from './ast.ts';
import { parseExpression, parseFilterStep, parseItems, parseOr, parseTuple } from './expressions.ts';
import { tokenize } from './lexer.ts';
import { unknownName } from './run.ts';
import { enterRule, error, next, peek, skip, take, takeName, takeType, type Parser } from './tokens.ts';

export function parse(source: string): Body {
  const tokens = tokenize(source);
  const p: Parser = { tokens, lines: source.split(/\r\n|\r|\n/), at: 0, depth: 0, nLoops: 0 };
  return parseBody(p, []);
}

/** Statements up to `{% name`, for one of the names, which stays as the next token. */
function parseBody(p: Parser, ends: readonly string[]): Body {
  const body: Stmt[] = [];
  for (;;) {
    const { type, value, line } = next(p);
    if (type === 'data') body.push({ type: 'data', text: value, line });
    else if (type === '{{') {
      body.push({ type: 'output', value: parseTuple(p), line });
      takeType(p, '}}');
    } else if (type === '{%') {
      if (ends.includes(peek(p).value)) return body;
      for (const statement of enterRule(p, () => parseStatement(p))) body.push(statement);
    } else if (ends.length > 0) {
      throw error(p, `the template ends without ${ends.map((name) => `{% ${name} %}`).join(' or ')}`);
    } else return body;
  }
}

/** A body up to its one end tag, which is eaten. */
function parseBlock(p: Parser, end: string): Body {
  takeType(p, '%}');
  const body = parseBody(p, [end]);
  take(p, end);
  skipName(p);
  takeType(p, '%}');
  return body;
}

/** `{% endmacro name %}` may repeat the name. */
function skipName(p: Parser): void {
  if (peek(p).type === 'name') next(p);
}

const STATEMENTS = new Map<string, (p: Parser, line: number) => readonly Stmt[]>([
  ['if', (p, line) => [parseIf(p, line)]],
  ['for', (p, line) => [parseFor(p, line)]],
  ['set', (p, line) => [parseSet(p, line)]],
  [
    'macro',
    (p, line) => [
      { type: 'macro', name: takeName(p), parameters: parseParameters(p), body: parseBlock(p, 'endmacro'), line },
    ],
  ],
  ['call', (p, line) => [parseCall(p, line)]],
  ['filter', (p, line) => [{ type: 'filtered', filters: parseFilterChain(p), body: parseBlock(p, 'endfilter'), line }]],
  ['break', (p, line) => [parseJump(p, 'break', line)]],
  ['continue', (p, line) => [parseJump(p, 'continue', line)]],
  // Marks what the model said, for training masks: its contents render as they are.
  ['generation', (p) => parseBlock(p, 'endgeneration')],
]);
/** What Jinja has besides; anything else is a mistake of spelling or place. */
const OTHERS = 'autoescape block debug do extends from import include raw trans with'.split(' ');

function parseStatement(p: Parser): readonly Stmt[] {
  const { line } = peek(p);
  const name = takeName(p);
  const parseRest = STATEMENTS.get(name);
  if (parseRest) return parseRest(p, line);
  if (!OTHERS.includes(name)) throw error(p, `unexpected {% ${name} %}`);
  throw unknownName(line, 'statement', name, STATEMENTS.keys());
}

function parseJump(p: Parser, type: 'break' | 'continue', line: number): Stmt {
  if (p.nLoops === 0) throw error(p, `{% ${type} %} outside a loop`);
  takeType(p, '%}');
  return { type, line };
}

/** After `if` or `elif`: an `elif` is an `if` in the other branch. */
function parseIf(p: Parser, line: number): Stmt {
  const condition = parseTuple(p);
  takeType(p, '%}');
  const body = parseBody(p, ['elif', 'else', 'endif']);
  const at = peek(p).line;
  const ended = next(p).value;
  if (ended === 'elif') return { type: 'if', condition, body, otherwise: [enterRule(p, () => parseIf(p, at))], line };
  if (ended === 'else') return { type: 'if', condition, body, otherwise: parseBlock(p, 'endif'), line };
  takeType(p, '%}');
  return { type: 'if', condition, body, otherwise: [], line };
}

function parseFor(p: Parser, line: number): Stmt {
  const target = parseTarget(p);
  take(p, 'in');
  const over = parseTuple(p, { noChoice: true });
  const condition = skip(p, 'if') ? parseOr(p) : undefined;
  takeType(p, '%}');
  p.nLoops++;
  const body = parseBody(p, ['else', 'endfor']);
  p.nLoops--;
  const ended = next(p).value;
  const otherwise = ended === 'else' ? parseBlock(p, 'endfor') : [];
  if (ended !== 'else') takeType(p, '%}');
  return { type: 'for', target, over, body, otherwise, line, ...(condition && { condition }) };
}

/** `{% set x = … %}`, or `{% set x %}…{% endset %}`. */
function parseSet(p: Parser, line: number): Stmt {
  const target = parseTarget(p);
  if (skip(p, '=')) {
    const value = parseTuple(p);
    takeType(p, '%}');
    return { type: 'set', target, value, line };
  }
  return { type: 'capture', target, body: parseBlock(p, 'endset'), line };
}

function parseTarget(p: Parser): Target {
  const items = [parseSingleTarget(p)];
  let comma = false;
  while (skip(p, ',')) {
    comma = true;
    if (peek(p).type !== 'name' && peek(p).value !== '(') break;
    if (peek(p).value === 'in') break;
    items.push(parseSingleTarget(p));
  }
  return comma ? { type: 'tuple', items } : items[0]!;
}

function parseSingleTarget(p: Parser): Target {
  if (skip(p, '(')) {
    const inner = enterRule(p, () => parseTarget(p));
    take(p, ')');
    return inner;
  }
  const name = takeName(p);
  if (RESERVED.has(name)) throw error(p, `cannot assign to '${name}'`);
  return skip(p, '.') ? { type: 'field', of: name, name: takeName(p) } : { type: 'name', name };
}

const RESERVED = new Set([
  'true',
  'false',
  'none',
  'True',
  'False',
  'None',
  'not',
  'and',
  'or',
  'in',
  'is',
  'if',
  'else',
]);

/** `(a, b=1)`, as in the head of a macro. */
function parseParameters(p: Parser): Parameter[] {
  take(p, '(');
  return parseItems(p, ')', () => {
    const name = takeName(p);
    return skip(p, '=') ? { name, fallback: parseExpression(p) } : { name };
  });
}

function parseCall(p: Parser, line: number): Stmt {
  const parameters = peek(p).value === '(' ? parseParameters(p) : [];
  const call = parseExpression(p);
  if (call.type !== 'call') throw error(p, '{% call %} needs a call, as in {% call name(args) %}');
  return { type: 'callblock', call, parameters, body: parseBlock(p, 'endcall'), line };
}

function parseFilterChain(p: Parser): FilterStep[] {
  const filters = [parseFilterStep(p)];
  while (skip(p, '|')) filters.push(parseFilterStep(p));
  return filters;
}
