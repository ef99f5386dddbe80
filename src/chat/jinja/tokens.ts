/** The parser's place in the tokens, and the few moves it makes. */
import { limits, templateError } from './run.ts';
import type { Token } from './lexer.ts';
import type { FormatError } from '../../base/errors.ts';

export interface Parser {
  readonly tokens: readonly Token[];
  readonly lines: readonly string[];
  at: number;
  depth: number;
  /** Loops around this place: `break` needs one. */
  nLoops: number;
}

export const peek = (p: Parser, ahead = 0): Token => p.tokens[Math.min(p.at + ahead, p.tokens.length - 1)]!;

export function next(p: Parser): Token {
  const token = peek(p);
  p.at++;
  return token;
}

/** Steps over the operator or keyword if it is next. */
export function skip(p: Parser, value: string): boolean {
  const token = peek(p);
  if (token.value !== value || (token.type !== 'op' && token.type !== 'name')) return false;
  p.at++;
  return true;
}

export function take(p: Parser, value: string): void {
  if (!skip(p, value)) throw error(p, `expected '${value}', found ${shown(peek(p))}`);
}

export function takeName(p: Parser): string {
  if (peek(p).type !== 'name') throw error(p, `expected a name, found ${shown(peek(p))}`);
  return next(p).value;
}

export function takeType(p: Parser, type: Token['type']): void {
  if (peek(p).type !== type) throw error(p, `expected '${type}', found ${shown(peek(p))}`);
  p.at++;
}

export function error(p: Parser, message: string): FormatError {
  return templateError(p.lines, peek(p).line, message);
}

/** Every rule that can contain itself counts its depth, or ten thousand brackets would overflow the stack. */
export function enterRule<T>(p: Parser, rule: () => T): T {
  if (++p.depth > limits.depth) throw error(p, `nested more than ${limits.depth} deep`);
  const result = rule();
  p.depth--;
  return result;
}

const shown = (token: Token) => (token.value === '' ? token.type : `'${token.value}'`);
