import { fused } from './fused.ts';
import type { Grammar, Item } from './grammar.ts';
import { checkLimit } from './limits.ts';
import { anyChar, chars, literal } from './regular.ts';
import { blank, choiceOf, sequenceOfItems } from './rules.ts';

/** The token that is spelt so, `<think>` with its brackets; undefined where there is none. */
export type TokenOf = (piece: string) => number | undefined;

/**
 * A grammar in llama.cpp's GBNF (grammars/README.md and src/llama-grammar.cpp there, v0.5.0), whose start is the rule `root`.
 * Beyond llama.cpp: rules may begin with themselves, and counts have no limit. As there, the last of several rules of one name counts.
 * `tokenOf` is needed for tokens by name.
 *
 * @throws RangeError where the text is no grammar: with line and column, what came and what was expected
 */
export function grammarOfGbnf(text: string, tokenOf?: TokenOf): Grammar {
  checkLimit('textLength', text.length);
  const reader = new Reader(text, tokenOf);
  const rules = reader.rules();
  return fused({ rules });
}

/** The characters behind a backslash that mean others, or themselves. */
const escapes: ReadonlyMap<string, string> = new Map(
  Object.entries({ t: '\t', r: '\r', n: '\n', '\\': '\\', '"': '"', '[': '[', ']': ']', '-': '-' }),
);

/** Escapes by number: how many digits they have. */
const digitsOf: ReadonlyMap<string, number> = new Map(Object.entries({ x: 2, u: 4, U: 8 }));

const counts: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['*', [0, Infinity]],
  ['+', [1, Infinity]],
  ['?', [0, 1]],
]);

class Reader {
  readonly #text: string;
  readonly #tokenOf: TokenOf | undefined;
  readonly #indices = new Map<string, number>([['root', 0]]);
  readonly #uses = new Map<number, number>(); // by rule: where it was used first
  #at = 0;
  #depth = 0;

  constructor(text: string, tokenOf: TokenOf | undefined) {
    this.#text = text;
    this.#tokenOf = tokenOf;
  }

  rules(): Item[] {
    const rules: (Item | undefined)[] = [];
    this.#space(true);
    while (this.#at < this.#text.length) {
      const rule = this.#index(this.#name());
      this.#space(false);
      if (!this.#take('::=')) this.#fail('::=');
      this.#space(true);
      rules[rule] = this.#choice(false);
      if (this.#at < this.#text.length && !/[\r\n]/.test(this.#text[this.#at]!)) this.#fail('a symbol, | or the end of the line'); // prettier-ignore
      this.#space(true);
    }
    if (!rules[0]) throw new RangeError('the grammar has no rule root, with which every text begins; add root ::= …');
    for (const [name, index] of this.#indices) {
      if (!rules[index]) this.#fail(`a rule ${name} ::= … somewhere`, this.#uses.get(index), `only its use`);
    }
    return rules as Item[];
  }

  #index(name: string): number {
    const known = this.#indices.get(name);
    if (known !== undefined) return known;
    checkLimit('rules', this.#indices.size + 1);
    this.#indices.set(name, this.#indices.size);
    return this.#indices.size - 1;
  }

  #choice(nested: boolean): Item {
    const items = [this.#sequence(nested)];
    while (this.#take('|')) {
      this.#space(true);
      items.push(this.#sequence(nested));
    }
    return choiceOf(items);
  }

  #sequence(nested: boolean): Item {
    const items: Item[] = [];
    for (let item = this.#symbol(); item; item = this.#symbol()) {
      this.#space(nested);
      items.push(this.#repeated(item, nested));
    }
    return items.length === 0 ? blank : sequenceOfItems(items);
  }

  #symbol(): Item | undefined {
    const char = this.#text[this.#at];
    if (char === '"') return this.#literal();
    if (char === '[') return this.#class();
    if (char === '<' || char === '!') return this.#token();
    if (char === '(') return this.#group();
    if (char === '.') {
      this.#at++;
      return { kind: 'text', regular: anyChar };
    }
    if (char === undefined || !/[a-zA-Z0-9-]/.test(char)) return undefined;
    const begin = this.#at;
    const rule = this.#index(this.#name());
    if (!this.#uses.has(rule)) this.#uses.set(rule, begin);
    return { kind: 'rule', rule };
  }

  #group(): Item {
    this.#at++;
    checkLimit('depth', ++this.#depth);
    this.#space(true);
    const item = this.#choice(true);
    if (!this.#take(')')) this.#fail(')');
    this.#depth--;
    return item;
  }

  #literal(): Item {
    const begin = this.#at++;
    let content = '';
    while (!this.#take('"')) {
      const code = this.#char(begin);
      if (code >= 0xd800 && code <= 0xdfff)
        this.#fail('whole characters: one beyond U+FFFF is written \\U0001F600', begin);
      content += String.fromCodePoint(code);
    }
    return { kind: 'text', regular: literal(content) };
  }

  #class(): Item {
    const begin = this.#at++;
    const others = this.#take('^');
    const ranges: [number, number][] = [];
    while (!this.#take(']')) {
      const from = this.#char(begin);
      const isRange = this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']';
      if (isRange) this.#at++;
      const to = isRange ? this.#char(begin) : from;
      if (to < from) this.#fail('a range from the smaller character to the greater one', begin);
      ranges.push([from, to]);
    }
    if (ranges.length === 0) this.#fail('a character between [ and ]', begin);
    return { kind: 'text', regular: chars(others ? complement(ranges) : ranges) };
  }

  /** The next character of a literal or a class that began at `begin`. */
  #char(begin: number): number {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined)
      this.#fail(`the end of ${this.#text[begin] === '"' ? 'the literal: "' : 'the class: ]'}`, begin);
    this.#at += code > 0xffff ? 2 : 1;
    if (code !== 0x5c) return code;
    const kind = this.#text[this.#at++] ?? '';
    const nDigits = digitsOf.get(kind);
    if (nDigits === undefined) {
      const char =
        escapes.get(kind) ?? this.#fail('\\t \\r \\n \\\\ \\" \\[ \\] \\- \\x00 \\u0000 or \\U00000000', begin);
      return char.charCodeAt(0);
    }
    const digits = this.#text.slice(this.#at, this.#at + nDigits);
    const value = Number.parseInt(digits, 16);
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < nDigits)
      this.#fail(`${nDigits} hexadecimal digits behind \\${kind}`);
    if (value > 0x10ffff) this.#fail('a character up to \\U0010FFFF', this.#at - 2);
    this.#at += nDigits;
    return value;
  }

  /** `<[1000]>`, `<think>`, and with `!` any token but that. */
  #token(): Item {
    const begin = this.#at;
    const except = this.#take('!');
    const end = this.#text.indexOf('>', this.#at);
    if (this.#text[this.#at] !== '<' || end < 0) this.#fail('a token: <[1000]> or <name>', begin);
    const piece = this.#text.slice(this.#at, end + 1);
    const id = /^<\[(\d+)\]>$/.exec(piece);
    const token = id ? Number(id[1]) : this.#tokenOf?.(piece);
    if (token === undefined) this.#fail(`the name of one token of the model's vocabulary`, begin);
    this.#at = end + 1;
    return { kind: 'token', token, ...(except && { except }) };
  }

  #repeated(symbol: Item, nested: boolean): Item {
    let item = symbol;
    for (let n = 1; ; n++) {
      const begin = this.#at;
      const char = this.#text[begin] ?? '';
      const [min, max] = counts.get(char) ?? [0, 0];
      if (max > 0) {
        this.#at++;
        item = { kind: 'repeat', item, min, max };
      } else if (char === '{') item = this.#counted(item, nested);
      else return item;
      this.#space(nested);
      checkLimit('depth', n);
    }
  }

  #counted(item: Item, nested: boolean): Item {
    const begin = this.#at++;
    this.#space(nested);
    const min = this.#number();
    this.#space(nested);
    let max = min;
    if (this.#take(',')) {
      this.#space(nested);
      max = /\d/.test(this.#text[this.#at] ?? '') ? this.#number() : Infinity;
      this.#space(nested);
    }
    if (!this.#take('}')) this.#fail('}');
    if (max < min) this.#fail('a second number not below the first', begin);
    return { kind: 'repeat', item, min, max };
  }

  #number(): number {
    const digits = /\d{1,9}(?!\d)/y;
    digits.lastIndex = this.#at;
    const found = digits.exec(this.#text)?.[0] ?? this.#fail('a number of up to nine digits');
    this.#at += found.length;
    return Number(found);
  }

  #name(): string {
    const word = /[a-zA-Z0-9-]+/y;
    word.lastIndex = this.#at;
    const name = word.exec(this.#text)?.[0] ?? this.#fail('the name of a rule: letters, digits and -');
    this.#at += name.length;
    return name;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** Spaces and comments; ends of lines only where a rule may go on behind them. */
  #space(lines: boolean): void {
    const space = lines ? /(?:[ \t\r\n]|#[^\r\n]*)*/y : /(?:[ \t]|#[^\r\n]*)*/y;
    space.lastIndex = this.#at;
    this.#at += space.exec(this.#text)![0].length;
  }

  #fail(expected: string, at = this.#at, came?: string): never {
    const lines = this.#text.slice(0, at).split('\n');
    const found = came ?? (at < this.#text.length ? JSON.stringify(this.#text.slice(at, at + 20)) : 'the end');
    throw new RangeError(
      `line ${lines.length}, column ${lines.at(-1)!.length + 1} of the grammar: ${found}, expected ${expected}`,
    );
  }
}

/** All characters out of none of the ranges. */
function complement(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const found: [number, number][] = [];
  let next = 0;
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (first > next) found.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= 0x10ffff) found.push([next, 0x10ffff]);
  return found;
}
