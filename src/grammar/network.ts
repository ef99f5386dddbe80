import type { Automaton } from './automaton.ts';
import { dead } from './automaton.ts';
import type { Grammar, Item } from './grammar.ts';
import { withoutLeftRecursion } from './left_recursion.ts';
import { checkLimit } from './limits.ts';
import { empty, type Regular } from './regular.ts';
import { Rules } from './rules.ts';

/** A place in a grammar: what to read there, and where to go on. */
export type Place = { readonly id: number } &
  /** Where texts are distinct, `distinct` is what they are out of. */
  (
    | { readonly kind: 'text'; readonly state: number; readonly next: Place; readonly distinct?: Regular }
    /** A token; ~token is any other one. */
    | { readonly kind: 'token'; readonly token: number; readonly next: Place }
    | { readonly kind: 'call'; readonly rule: number; readonly next: Place; readonly sameScope: boolean }
    | { readonly kind: 'choice'; readonly nexts: readonly Place[] }
    /** The body is read as a rule is: it comes back here, counted. */
    | { readonly kind: 'count'; body: Place; readonly min: number; readonly max: number; readonly next: Place }
    /** Back to whoever called. */
    | { readonly kind: 'end' }
  );

/** Rules as places that lead to each other, each rule made when it is first called. */
export class Network {
  readonly end: Place = { id: 0, kind: 'end' };
  readonly #rules: Rules;
  readonly #automaton: Automaton;
  readonly #entries: (Place | undefined)[] = [];
  #nPlaces = 1;

  constructor(grammar: Grammar, automaton: Automaton, nVocab: number) {
    this.#automaton = automaton;
    this.#rules = new Rules(grammar, nVocab);
    withoutLeftRecursion(this.#rules);
  }

  entry(rule: number): Place {
    return (this.#entries[rule] ??= this.#place(this.#rules.items[rule]!, this.end));
  }

  #id(): number {
    checkLimit('nodes', this.#nPlaces);
    return this.#nPlaces++;
  }

  #place(item: Item, next: Place): Place {
    switch (item.kind) {
      case 'text': {
        if (item.regular === empty) return next;
        const state = this.#automaton.state(item.regular);
        if (state === dead) return { id: this.#id(), kind: 'choice', nexts: [] };
        if (!item.distinct) return { id: this.#id(), kind: 'text', state, next };
        // What was read is noted in the frame behind it, which is there also at a rule's end.
        const behind: Place = next.kind === 'end' ? { id: this.#id(), kind: 'choice', nexts: [next] } : next;
        return { id: this.#id(), kind: 'text', state, next: behind, distinct: item.regular };
      }
      case 'token':
        return { id: this.#id(), kind: 'token', token: item.except ? ~item.token : item.token, next };
      case 'rule':
        return { id: this.#id(), kind: 'call', rule: item.rule, next, sameScope: item.sameScope ?? false };
      case 'sequence':
        return item.items.reduceRight((place, part) => this.#place(part, place), next);
      case 'choice':
        return { id: this.#id(), kind: 'choice', nexts: item.items.map((part) => this.#place(part, next)) };
      case 'repeat':
        return this.#repeated(item.item, item.min, item.max ?? Infinity, next);
    }
  }

  /** A part that may be empty is repeated without the empty text: each turn reads something, so turns end. */
  #repeated(item: Item, min: number, max: number, next: Place): Place {
    const part = this.#rules.nonEmpty(item);
    const from = this.#rules.mayBeEmpty(item) ? 0 : min;
    if (max === 0) return next;
    if (max === 1) {
      const once = this.#place(part, next);
      return from === 1 ? once : { id: this.#id(), kind: 'choice', nexts: [once, next] };
    }
    if (from <= 1 && max === Infinity) {
      const nexts: Place[] = [];
      const loop: Place = { id: this.#id(), kind: 'choice', nexts };
      nexts.push(this.#place(part, loop), next);
      return from === 0 ? loop : nexts[0]!;
    }
    return { id: this.#id(), kind: 'count', body: this.#place(part, this.end), min: from, max, next };
  }
}
