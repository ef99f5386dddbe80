/** Pieces that grammars of calls are made of. */
import type { Grammar, Item } from '../../grammar/grammar.ts';
import {
  anyChar,
  both,
  chars,
  either,
  empty,
  literal,
  not,
  repeat,
  sequence,
  type Regular,
} from '../../grammar/regular.ts';
import { grammarOfSchema } from '../../grammar/schema/schema.ts';
import { UnsupportedError } from '../../base/errors.ts';

export const any: Regular = repeat(anyChar, 0);
export const digits: Regular = repeat(chars([[48, 57]]), 1, 3);
const idChar = chars([[48, 57], [65, 90], [97, 122]]); // prettier-ignore
export const nineOfId: Regular = repeat(idChar, 9, 9);
export const wordOfId: Regular = repeat(idChar, 4, 24); // prettier-ignore

export const text = (regular: Regular): Item => ({ kind: 'text', regular });
export const word = (spelled: string): Item => text(literal(spelled));
export const none: Item = text(empty);

export function inOrder(items: readonly Item[]): Item {
  const some = items.filter((item) => item !== none);
  return some.length > 1 ? { kind: 'sequence', items: some } : (some[0] ?? none);
}
export const oneOf = (items: readonly Item[]): Item => (items.length === 1 ? items[0]! : { kind: 'choice', items });
export const maybe = (item: Item): Item => ({ kind: 'repeat', item, min: 0, max: 1 });
export const many = (item: Item, min = 0): Item => ({ kind: 'repeat', item, min });

const inside = (part: Regular): Regular => sequence(any, part, any);

/** Any text that none of these stands in. */
export const without = (texts: readonly string[], of: Regular = any): Regular =>
  both([of, ...texts.filter((each) => each !== '').map((each) => not(inside(literal(each))))]);

/** Texts that do not begin so. */
export const notBeginning = (regular: Regular): Regular => not(sequence(regular, any));

/** So long may the schemas of all tools be, those that several arguments refer to counted for each: compiling them takes seconds. */
const MOST_CHARS = 32 * 2 ** 20;

/** A grammar in the making. */
export class Rules {
  readonly rules: Item[] = [none];
  private nChars = 0;
  /** Texts that are tokens of the vocabulary, the longer ones first. */
  private readonly tokens: readonly string[];
  private readonly tokenOf: (text: string) => number | undefined;
  private readonly isLoose: boolean;

  constructor(tokens: readonly string[], tokenOf: (text: string) => number | undefined, isLoose: boolean) {
    this.tokens = [...tokens].sort((a, b) => b.length - a.length);
    this.tokenOf = tokenOf;
    this.isLoose = isLoose;
  }

  /** A rule for an item that is used more than once. */
  rule(item: Item): Item {
    return { kind: 'rule', rule: this.rules.push(item) - 1 };
  }

  /** A rule that may speak of itself. */
  recursive(make: (self: Item) => Item): Item {
    const rule = this.rules.push(none) - 1;
    const self: Item = { kind: 'rule', rule };
    this.rules[rule] = make(self);
    return self;
  }

  /** The values of a schema, as JSON. @throws UnsupportedError where they come to too many */
  schema(schema: object | boolean, space: 'one' | 'free' = 'one'): Item {
    this.nChars += JSON.stringify(schema).length;
    if (this.nChars > MOST_CHARS)
      throw new UnsupportedError(
        `the schemas of the tools come to more than ${MOST_CHARS} characters, those that several arguments refer to counted for each; give fewer or simpler ones`,
      );
    return this.embedded(grammarOfSchema(schema, { space }));
  }

  /** Those of some texts that are no tokens. */
  letters(texts: readonly string[]): string[] {
    return texts.filter((each) => this.tokenOf(each) === undefined);
  }

  /** A whole grammar as one item. */
  embedded({ rules }: Grammar): Item {
    const first = this.rules.length;
    const moved = (item: Item): Item => {
      if ('items' in item) return { ...item, items: item.items.map(moved) };
      if ('item' in item) return { ...item, item: moved(item.item) };
      return item.kind === 'rule' ? { kind: 'rule', rule: item.rule + first } : item;
    };
    for (const item of rules) this.rules.push(moved(item));
    return { kind: 'rule', rule: first };
  }

  /** A mark: what of it is tokens as these, the rest as text. */
  mark(spelled: string): Item {
    if (spelled === '') return none;
    const items: Item[] = [];
    for (let rest = spelled; rest !== '';) {
      const found = this.firstToken(rest);
      const before = found ? rest.slice(0, found.at) : rest;
      if (before !== '') items.push(text(this.spaced(before)));
      if (found) items.push({ kind: 'token', token: this.tokenOf(found.token)! });
      rest = found ? rest.slice(found.at + found.token.length) : '';
    }
    return inOrder(items);
  }

  private firstToken(spelled: string): { readonly at: number; readonly token: string } | undefined {
    const found = this.tokens
      .map((token) => ({ token, at: spelled.indexOf(token) }))
      .filter(({ at, token }) => at >= 0 && this.tokenOf(token) !== undefined);
    return found.reduce<{ at: number; token: string } | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined);
  }

  /** Text of a mark; its white space may be missing where models differ. */
  private spaced(spelled: string): Regular {
    if (!this.isLoose) return literal(spelled);
    const parts = spelled.split(/(\s+)/);
    return sequence(...parts.map((part) => (part.trim() === '' ? repeat(literal(part), 0, 1) : literal(part))));
  }
}

/** What cannot be enforced where values are not written as JSON. */
export const cannot = (where: string, keyword: string, format: string): UnsupportedError =>
  new UnsupportedError(
    `${where} has ${keyword}, which is not enforced where calls are spelled as ${format} models do; leave it out, or give the tool strict: false`,
  );

export { anyChar, both, chars, either, empty, literal, not, repeat, sequence, type Regular };
