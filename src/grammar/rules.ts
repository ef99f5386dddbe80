import { hasText, type Search } from './emptiness.ts';
import type { Grammar, Item } from './grammar.ts';
import { checkLimit } from './limits.ts';
import { both, empty, not } from './regular.ts';

/** Nothing has to be written. */
export const blank: Item = { kind: 'sequence', items: [] };

/** No text fits. */
export const never: Item = { kind: 'choice', items: [] };

export const sequenceOfItems = (items: readonly Item[]): Item => {
  const parts = items.flatMap((item) => (item.kind === 'sequence' ? item.items : [item]));
  return parts.length === 1 ? parts[0]! : { kind: 'sequence', items: parts };
};

/**
 * The rules of a grammar, checked: what no text fits is gone, and which rules may be empty is known. Rules can be added, for
 * what is rewritten.
 */
export class Rules {
  /** By rule. A rule that no text fits is `never`. */
  readonly items: Item[] = [];
  readonly #nullable: boolean[] = [];
  readonly #nonEmpty = new Map<number, number>();
  readonly #search: Search = { nStates: 0 };
  #work = 0;

  constructor(grammar: Grammar, nVocab: number) {
    checkLimit('rules', grammar.rules.length);
    if (grammar.rules.length === 0) throw new RangeError('a grammar has at least one rule, and rule 0 is the start');
    for (const rule of grammar.rules) this.#check(rule, grammar.rules.length, nVocab, 0);
    this.items = this.#withoutDeadEnds(grammar.rules);
    this.#nullable = fixpoint(this.items, (item, nullable) => this.#mayBeEmpty(item, nullable));
  }

  /** Adds a rule; its item may be set later, for rules that use themselves. */
  add(item: Item, nullable: boolean): number {
    checkLimit('rules', this.items.length + 1);
    this.items.push(item);
    this.#nullable.push(nullable);
    return this.items.length - 1;
  }

  mayBeEmpty(item: Item): boolean {
    return this.#mayBeEmpty(item, this.#nullable);
  }

  /** The item without the empty text. */
  nonEmpty(item: Item): Item {
    if (!this.mayBeEmpty(item)) return item;
    switch (item.kind) {
      case 'text': {
        const regular = both([item.regular, not(empty)]);
        return hasText(regular, this.#search) ? { kind: 'text', regular } : never;
      }
      case 'sequence': {
        const [first, ...rest] = item.items; // each of them may be empty, or the sequence would not be
        if (!first) return never;
        const tail = sequenceOfItems(rest);
        return choiceOf([sequenceOfItems([this.nonEmpty(first), tail]), this.nonEmpty(tail)]);
      }
      case 'choice':
        return choiceOf(item.items.map((part) => this.nonEmpty(part)));
      case 'repeat': {
        const { max = Infinity } = item; // the least count is 0, or the part may be empty, which comes to the same
        if (max === 0) return never;
        const part = this.nonEmpty(item.item);
        return sequenceOfItems([part, { kind: 'repeat', item: part, min: 0, max: max - 1 }]);
      }
      case 'rule':
        return { kind: 'rule', rule: this.nonEmptyRule(item.rule) };
      case 'token':
        return item;
    }
  }

  /** The rule without the empty text, as a rule of its own. */
  nonEmptyRule(rule: number): number {
    if (!this.#nullable[rule]) return rule;
    const known = this.#nonEmpty.get(rule);
    if (known !== undefined) return known;
    const added = this.add(never, false);
    this.#nonEmpty.set(rule, added);
    this.items[added] = this.nonEmpty(this.items[rule]!);
    return added;
  }

  /** For a rule that is rewritten: which rule is it without the empty text. */
  setNonEmptyRule(rule: number, nonEmpty: number): void {
    this.#nonEmpty.set(rule, nonEmpty);
  }

  #check(item: Item, nRules: number, nVocab: number, depth: number): void {
    checkLimit('depth', depth);
    checkLimit('nodes', ++this.#work);
    if (item.kind === 'rule' && !(Number.isInteger(item.rule) && item.rule >= 0 && item.rule < nRules)) {
      throw new RangeError(`a rule is an index below ${nRules}; got ${item.rule}`);
    }
    if (item.kind === 'token' && !(Number.isInteger(item.token) && item.token >= 0 && item.token < nVocab)) {
      throw new RangeError(`a token is an id below ${nVocab}; got ${item.token}`);
    }
    if (item.kind === 'repeat') {
      const { min, max = Infinity } = item;
      if (!(Number.isInteger(min) && min >= 0 && max >= min)) {
        throw new RangeError(`a repetition goes from a count to one not below it; got ${min} to ${max}`);
      }
    }
    for (const part of partsOf(item)) this.#check(part, nRules, nVocab, depth + 1);
  }

  #mayBeEmpty(item: Item, nullable: readonly boolean[]): boolean {
    checkLimit('work', ++this.#work);
    switch (item.kind) {
      case 'text':
        return item.regular.nullable;
      case 'token':
        return false;
      case 'sequence':
        return item.items.every((part) => this.#mayBeEmpty(part, nullable));
      case 'choice':
        return item.items.some((part) => this.#mayBeEmpty(part, nullable));
      case 'repeat':
        return item.min === 0 || this.#mayBeEmpty(item.item, nullable);
      case 'rule':
        return nullable[item.rule]!;
    }
  }

  #withoutDeadEnds(rules: readonly Item[]): Item[] {
    const ends = fixpoint(rules, (item, ending) => this.#hasText(item, ending));
    return rules.map((item) => this.#pruned(item, ends));
  }

  #hasText(item: Item, ending: readonly boolean[]): boolean {
    checkLimit('work', ++this.#work);
    switch (item.kind) {
      case 'text':
        return hasText(item.regular, this.#search);
      case 'token':
        return true;
      case 'sequence':
        return item.items.every((part) => this.#hasText(part, ending));
      case 'choice':
        return item.items.some((part) => this.#hasText(part, ending));
      case 'repeat':
        return item.min === 0 || this.#hasText(item.item, ending);
      case 'rule':
        return ending[item.rule]!;
    }
  }

  #pruned(item: Item, ending: readonly boolean[]): Item {
    if (item.kind === 'repeat') {
      const part = this.#pruned(item.item, ending);
      if (part === never) return item.min === 0 ? blank : never;
      return part === item.item ? item : { ...item, item: part };
    }
    if (item.kind !== 'sequence' && item.kind !== 'choice') return this.#hasText(item, ending) ? item : never;
    const parts = item.items.map((part) => this.#pruned(part, ending));
    if (item.kind === 'choice') return choiceOf(parts);
    return parts.includes(never) ? never : { kind: 'sequence', items: parts };
  }
}

export function choiceOf(items: readonly Item[]): Item {
  const possible = items.filter((item) => item !== never);
  if (possible.length === 0) return never;
  return possible.length === 1 ? possible[0]! : { kind: 'choice', items: possible };
}

export function partsOf(item: Item): readonly Item[] {
  if (item.kind === 'sequence' || item.kind === 'choice') return item.items;
  return item.kind === 'repeat' ? [item.item] : [];
}

/** By rule, what `holds`, where that may depend on what is found of other rules. Begins with nothing, grows to the least answer. */
function fixpoint(rules: readonly Item[], holds: (item: Item, found: readonly boolean[]) => boolean): boolean[] {
  const found = rules.map(() => false);
  for (let changed = true, backwards = true; changed; backwards = !backwards) {
    changed = false;
    for (let i = 0; i < rules.length; i++) {
      const rule = backwards ? rules.length - 1 - i : i; // rules are often used before they are made
      if (found[rule] || !holds(rules[rule]!, found)) continue;
      found[rule] = true;
      changed = true;
    }
  }
  return found;
}
