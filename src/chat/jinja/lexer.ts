/**
 * Template source into tokens. White space follows the settings that chat templates are written for: `trim_blocks` (the
 * newline after a block tag goes), `lstrip_blocks` (so does the indentation before one), no trailing newline.
 */
import { counted } from '../../base/numbers.ts';
import { limits, templateError } from './run.ts';
import { onlyWhite } from './text.ts';

export interface Token {
  readonly type: 'data' | 'name' | 'string' | 'int' | 'float' | 'op' | '{{' | '}}' | '{%' | '%}' | 'end of template';
  /** The text of data, a name or an operator; the unescaped string; a number as written, without underscores. */
  readonly value: string;
  readonly line: number;
}

interface Lexer {
  readonly source: string;
  readonly lines: readonly string[];
  readonly tokens: Token[];
  /** UTF-16 offset of the next character, and its line. */
  at: number;
  line: number;
}

const CLOSE = {
  '{{': /-\}\}\s*|\}\}/y,
  '{%': /-%\}\s*|\+%\}|%\}\n?/y,
  '{#': /-#\}\s*|\+#\}|#\}\n?/g,
} as const;

/** What may stand inside a tag. A float needs digits on both sides of its point: `1.foo` is an attribute. */
const WORDS = [
  ['space', /\s+/y],
  ['float', /\d[\d_]*(?:\.\d[\d_]*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/y],
  ['int', /0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*/y],
  ['name', /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy],
  ['string', /'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"/y],
  ['op', /\*\*|\/\/|==|!=|<=|>=|[-+*/%~<>=|.,:()[\]{}]/y],
] as const;

export function tokenize(template: string): Token[] {
  if (template.length > limits.templateChars) {
    throw templateError(
      [],
      1,
      `${template.length} characters, the limit is ${limits.templateChars}; is this a template?`,
    );
  }
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const lexer: Lexer = { source, lines: source.split('\n'), tokens: [], at: 0, line: 1 };
  const open = /\{[{%#]/g;
  for (;;) {
    open.lastIndex = lexer.at;
    const found = open.exec(source);
    data(lexer, found?.index ?? source.length, found?.[0]);
    if (!found) break;
    tag(lexer, found[0] as keyof typeof CLOSE);
  }
  add(lexer, { type: 'end of template', value: '', line: lexer.line });
  return lexer.tokens;
}

function add(lexer: Lexer, token: Token): void {
  if (lexer.tokens.length >= limits.templateWords)
    throw error(lexer, `more than ${counted(limits.templateWords)} words and tags; is this a template?`);
  lexer.tokens.push(token);
}

/** Text up to `end`, where the tag `opener` begins or the source ends. */
function data(lexer: Lexer, end: number, opener?: string): void {
  const { source, at } = lexer;
  const sign = opener === undefined ? undefined : source[end + 2];
  let stop = end;
  if (opener !== undefined && (sign === '-' || (opener !== '{{' && sign !== '+'))) {
    let white = end;
    const reach = (char: string) => (sign === '-' ? onlyWhite.test(char) : char !== '\n' && onlyWhite.test(char));
    while (white > 0 && reach(source[white - 1]!)) white--;
    const toLineBegin = white === 0 || source[white - 1] === '\n';
    if (sign === '-' || toLineBegin) stop = Math.max(at, white);
  }
  if (stop > at) add(lexer, { type: 'data', value: source.slice(at, stop), line: lexer.line });
  advance(lexer, end);
}

function tag(lexer: Lexer, opener: keyof typeof CLOSE): void {
  const { source } = lexer;
  const begin = lexer.at;
  if (opener === '{#') {
    const close = match(CLOSE['{#'], source, begin + 2);
    if (!close) throw error(lexer, 'a comment is never closed');
    return advance(lexer, close.index + close[0].length);
  }
  add(lexer, { type: opener, value: opener, line: lexer.line });
  advance(lexer, begin + (/[-+]/.test(source[begin + 2] ?? '') ? 3 : 2));
  let nOpen = 0; // brackets: `}}` may also end two dictionaries
  for (;;) {
    const close = nOpen === 0 ? match(CLOSE[opener], source, lexer.at) : null;
    if (close) {
      add(lexer, { type: opener === '{{' ? '}}' : '%}', value: close[0].trim(), line: lexer.line });
      return advance(lexer, lexer.at + close[0].length);
    }
    const op = word(lexer);
    if (/^[([{]$/.test(op)) nOpen++;
    if (/^[)\]}]$/.test(op) && --nOpen < 0) throw error(lexer, `unexpected '${op}'`);
  }
}

/** Reads one word inside a tag; returns it if it is an operator or bracket. */
function word(lexer: Lexer): string {
  for (const [type, pattern] of WORDS) {
    const found = match(pattern, lexer.source, lexer.at)?.[0];
    if (found === undefined) continue;
    const { line } = lexer;
    if (type === 'string') add(lexer, { type, value: unescape(lexer, found.slice(1, -1)), line });
    else if (type === 'int' || type === 'float') add(lexer, { type, value: found.replaceAll('_', ''), line });
    else if (type !== 'space') add(lexer, { type, value: found, line });
    advance(lexer, lexer.at + found.length);
    return type === 'op' ? found : '';
  }
  const rest = lexer.source[lexer.at];
  throw error(lexer, rest === undefined ? 'a tag is never closed' : `unexpected character '${rest}'`);
}

const SIMPLE: Record<string, string> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([^]))/g;

/** Python's escapes; an unknown one keeps its backslash. */
function unescape(lexer: Lexer, body: string): string {
  return body.replace(ESCAPE, (whole: string, x?: string, u?: string, long?: string, octal?: string, char?: string) => {
    const hex = x ?? u ?? long;
    if (hex === undefined && octal === undefined) return SIMPLE[char!] ?? whole;
    const code = hex === undefined ? parseInt(octal!, 8) : parseInt(hex, 16);
    if (code > 0x10ffff) throw error(lexer, `${whole} is beyond Unicode`);
    return String.fromCodePoint(code);
  });
}

function match(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function advance(lexer: Lexer, to: number): void {
  for (let i = lexer.at; i < to; i++) if (lexer.source[i] === '\n') lexer.line++;
  lexer.at = to;
}

const error = (lexer: Lexer, message: string) => templateError(lexer.lines, lexer.line, message);
