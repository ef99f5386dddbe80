/** Walks the tree: expressions give values, statements write text. */
import type { Body, Call, CallArgs, Expr, FilterStep, ForLoop, Parameter, Stmt, Target } from './ast.ts';
import { namedDict } from './builtins.ts';
import { applyFilter } from './filters.ts';
import { GLOBALS } from './globals.ts';
import { loopVariable } from './loop.ts';
import { attribute, item } from './methods.ts';
import { binary, negate, sliceOf } from './operators.ts';
import { toText } from './print.ts';
import { COMPARISONS } from './compare.ts';
import { chargeObjects, chargeText, checkLength, deeper, enter, fail, unknownName, type Run } from './run.ts';
import { applyTest } from './tests.ts';
import { append, text, type Segment, type Text } from './text.ts';
import {
  callable,
  dict,
  isDict,
  isText,
  isUndef,
  iterate,
  list,
  seq,
  truthy,
  typeName,
  undef,
  orElse,
  type Args,
  type Obj,
  type Value,
} from './values.ts';

/** Variables by name; what is not here is looked for outside. */
export interface Scope {
  readonly names: Map<string, Value>;
  readonly outer?: Scope;
}

/** Text written so far. */
export interface Output {
  readonly parts: Segment[];
  nChars: number;
}

/** What leaves a body early. */
type Jump = 'break' | 'continue' | undefined;

export function render(run: Run, body: Body, variables: Map<string, Value>): Text {
  const globals: Scope = { names: new Map<string, Value>(GLOBALS) };
  return capture(run, body, { names: variables, outer: globals });
}

function capture(run: Run, body: Body, scope: Scope): Text {
  const out: Output = { parts: [], nChars: 0 };
  execute(run, body, scope, out);
  chargeObjects(run, 2);
  return { kind: 'text', text: out.parts.map((part) => part.text).join(''), parts: out.parts };
}

const inner = (outer: Scope): Scope => ({ names: new Map(), outer });

function lookup(run: Run, scope: Scope, name: string): Value {
  for (let s: Scope | undefined = scope; s; s = s.outer) {
    const value = s.names.get(name);
    if (value !== undefined) return value;
  }
  chargeObjects(run, 3);
  return undef(() => `'${name}' is undefined`);
}

function write(run: Run, out: Output, value: Text): void {
  chargeText(run, value.text.length);
  chargeObjects(run, value.parts.length);
  out.nChars += value.text.length;
  checkLength(run, out.nChars);
  append(out.parts, value.parts);
}

function execute(run: Run, body: Body, scope: Scope, out: Output): Jump {
  for (const statement of body) {
    run.line = statement.line;
    enter(run);
    const jump = step(run, statement, scope, out);
    run.depth--;
    if (jump) return jump;
  }
  return undefined;
}

function step(run: Run, s: Stmt, scope: Scope, out: Output): Jump {
  switch (s.type) {
    case 'data':
      write(run, out, text(s.text, true));
      return undefined;
    case 'output':
      write(run, out, toText(run, evaluate(run, s.value, scope)));
      return undefined;
    case 'if':
      return execute(run, truthy(evaluate(run, s.condition, scope)) ? s.body : s.otherwise, scope, out);
    case 'for':
      return runLoop(run, s, scope, out);
    case 'set':
      return assign(run, s.target, evaluate(run, s.value, scope), scope);
    case 'capture':
      return assign(run, s.target, capture(run, s.body, inner(scope)), scope);
    case 'filtered':
      write(run, out, toText(run, filtered(run, s.filters, capture(run, s.body, inner(scope)), scope)));
      return undefined;
    case 'macro':
      scope.names.set(s.name, macro(run, s.name, s.parameters, s.body, scope));
      return undefined;
    case 'callblock': {
      const caller = macro(run, 'caller', s.parameters, s.body, scope);
      write(run, out, toText(run, call(run, s.call, scope, caller)));
      return undefined;
    }
    default:
      return s.type;
  }
}

function filtered(run: Run, filters: readonly FilterStep[], start: Value, scope: Scope): Value {
  return filters.reduce((value, { name, args }) => applyFilter(run, name, value, bindArgs(run, args, scope)), start);
}

function assign(run: Run, target: Target, value: Value, scope: Scope): undefined {
  if (target.type === 'name') {
    scope.names.set(target.name, value);
  } else if (target.type === 'field') {
    const owner = lookup(run, scope, target.of);
    const set = owner !== null && typeof owner === 'object' && owner.kind === 'object' ? owner.set : undefined;
    if (!set) fail(run, `only a namespace takes fields; ${target.of} is ${typeName(owner)}`);
    set(target.name, value);
  } else {
    const items = iterate(run, value);
    const n = target.items.length;
    if (items.length !== n) fail(run, `${n} names for ${items.length} values`);
    target.items.forEach((each, i) => assign(run, each, items[i]!, scope));
  }
}

function runLoop(run: Run, s: ForLoop, scope: Scope, out: Output): Jump {
  const bind = (value: Value) => {
    const body = inner(scope);
    assign(run, s.target, value, body);
    return body;
  };
  const { condition } = s;
  const all = iterate(run, evaluate(run, s.over, scope));
  const items = condition ? all.filter((each) => truthy(evaluate(run, condition, bind(each)))) : all;
  if (items.length === 0) return execute(run, s.otherwise, inner(scope), out);
  const state = { index: 0, items };
  const loop = loopVariable(run, state);
  for (; state.index < items.length; state.index++) {
    const body = bind(items[state.index]!);
    body.names.set('loop', loop);
    enter(run);
    const jump = execute(run, s.body, body, out);
    run.depth--;
    if (jump === 'break') break;
  }
  return undefined;
}

function macro(run: Run, name: string, parameters: readonly Parameter[], body: Body, outside: Scope): Obj {
  chargeObjects(run, 6); // it keeps all variables around it
  return callable(name, (run, { positional, named }) => {
    chargeObjects(run, 4 + 2 * parameters.length);
    const scope = inner(outside);
    const rest = new Map(named);
    parameters.forEach((parameter, i) => {
      const given = i < positional.length ? positional[i] : rest.get(parameter.name);
      rest.delete(parameter.name);
      const fallback = () =>
        parameter.fallback
          ? evaluate(run, parameter.fallback, scope)
          : undef(() => `parameter '${parameter.name}' was not provided`);
      scope.names.set(parameter.name, orElse(given, fallback));
    });
    const caller = rest.get('caller');
    rest.delete('caller');
    scope.names.set('caller', caller ?? undef(() => 'there is no {% call %} around this macro'));
    scope.names.set('varargs', seq('tuple', positional.slice(parameters.length)));
    scope.names.set('kwargs', namedDict(run, rest));
    return deeper(run, () => capture(run, body, scope));
  });
}

function bindArgs(run: Run, args: CallArgs, scope: Scope): Args {
  const positional = args.positional.flatMap(({ value, spread }) => {
    const each = evaluate(run, value, scope);
    return spread ? iterate(run, each) : [each];
  });
  const named = new Map<string, Value>();
  for (const { name, value } of args.named) {
    const each = evaluate(run, value, scope);
    if (name !== undefined) named.set(name, each);
    else if (!isDict(each)) fail(run, `** needs a dictionary, got ${typeName(each)}`);
    else
      for (const { key, value: v } of each.entries.values())
        named.set(isText(key) ? key.text : fail(run, 'names of arguments are strings'), v);
  }
  return { positional, named };
}

function evaluate(run: Run, e: Expr, scope: Scope): Value {
  enter(run);
  run.line = e.line;
  const value = evaluateNode(run, e, scope);
  run.depth--;
  return value;
}

function evaluateNode(run: Run, e: Expr, scope: Scope): Value {
  switch (e.type) {
    case 'literal':
      return e.value;
    case 'name':
      return lookup(run, scope, e.name);
    case 'list':
      chargeObjects(run, 2);
      return list(e.items.map((each) => evaluate(run, each, scope)));
    case 'tuple':
      chargeObjects(run, 2);
      return seq(
        'tuple',
        e.items.map((each) => evaluate(run, each, scope)),
      );
    case 'dict':
      return dict(
        run,
        e.pairs.map(([key, value]) => [evaluate(run, key, scope), evaluate(run, value, scope)] as const),
      );
    case 'attribute':
      return attribute(run, evaluate(run, e.of, scope), e.name);
    case 'item':
      return item(run, evaluate(run, e.of, scope), evaluate(run, e.key, scope));
    case 'slice': {
      const of = evaluate(run, e.of, scope);
      const bound = (at?: Expr) => (at ? evaluate(run, at, scope) : null);
      return sliceOf(run, of, { start: bound(e.start), stop: bound(e.stop), step: bound(e.step) });
    }
    case 'call':
      return call(run, e, scope);
    case 'filter':
      return applyFilter(run, e.name, evaluate(run, e.of, scope), bindArgs(run, e.args, scope));
    case 'test':
      return applyTest(run, e.name, evaluate(run, e.of, scope), bindArgs(run, e.args, scope));
    case 'unary': {
      const of = evaluate(run, e.of, scope);
      return e.op === 'not' ? !truthy(of) : negate(run, of, e.op);
    }
    case 'binary':
      return binary(run, e.op, evaluate(run, e.left, scope), evaluate(run, e.right, scope));
    case 'and':
    case 'or': {
      const left = evaluate(run, e.left, scope);
      return truthy(left) === (e.type === 'or') ? left : evaluate(run, e.right, scope);
    }
    case 'compare':
      return compareChain(run, e, scope);
    case 'choice': {
      const chosen = truthy(evaluate(run, e.condition, scope)) ? e.then : e.otherwise;
      return chosen ? evaluate(run, chosen, scope) : undef(() => 'the condition was false and there is no else');
    }
  }
}

/** `a < b < c` is `a < b and b < c`. */
function compareChain(run: Run, e: Extract<Expr, { type: 'compare' }>, scope: Scope): boolean {
  let left = evaluate(run, e.first, scope);
  for (const [op, expr] of e.rest) {
    const right = evaluate(run, expr, scope);
    if (!COMPARISONS.get(op)!(run, left, right)) return false;
    left = right;
  }
  return true;
}

/** Inside `{% call %}`, the block travels as the argument `caller`. */
function call(run: Run, e: Call, scope: Scope, caller?: Obj): Value {
  const target = evaluate(run, e.of, scope);
  const given = bindArgs(run, e.args, scope);
  const args = caller ? { ...given, named: new Map([...given.named, ['caller', caller]]) } : given;
  if (isUndef(target)) {
    if (e.of.type === 'name') throw unknownName(run.line, 'function', e.of.name, GLOBALS.keys());
    return fail(run, target.why());
  }
  if (target === null || typeof target !== 'object' || target.kind !== 'object' || !target.call) {
    return fail(run, `${typeName(target)} cannot be called`);
  }
  return target.call(run, args);
}
