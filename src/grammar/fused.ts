import type { Grammar, Item } from './grammar.ts';
import { either, empty, repeat, sequenceOf, type Regular } from './regular.ts';
import { choiceOf, sequenceOfItems } from './rules.ts';

/** Pieces of more parts than this stay apart: an automaton of the whole would be made anew for each place. */
const LARGE = 400;

/** Rules inside rules are looked into by recursion, up to so many. */
const MAX_OPEN = 200;

/**
 * The same grammar with larger pieces: what is regular becomes one text, also through rules that do not come back to
 * themselves. A grammar that is written character by character is so read word by word.
 */
export function fused({ rules }: Grammar): Grammar {
  const fuser = new Fuser(rules);
  return { rules: rules.map((_, index) => fuser.rule(index)) };
}

class Fuser {
  readonly #rules: readonly Item[];
  readonly #done: (Item | undefined)[] = [];
  readonly #open = new Set<number>();
  /** Of texts: how many parts they were made of. */
  readonly #sizes = new Map<Item, number>();

  constructor(rules: readonly Item[]) {
    this.#rules = rules;
  }

  rule(index: number): Item {
    const known = this.#done[index];
    if (known) return known;
    if (this.#open.has(index) || this.#open.size > MAX_OPEN) return { kind: 'rule', rule: index }; // it comes back to itself
    this.#open.add(index);
    const item = this.#fuse(this.#rules[index]!);
    this.#open.delete(index);
    return (this.#done[index] = item);
  }

  #fuse(item: Item): Item {
    switch (item.kind) {
      case 'text':
      case 'token':
        return item;
      case 'rule': {
        const inside = this.rule(item.rule);
        return inside.kind === 'text' ? inside : item;
      }
      case 'choice': {
        const items = item.items.map((part) => this.#fuse(part));
        const regulars = regularsOf(items);
        const size = this.#size(items);
        return regulars && size <= LARGE ? this.#text(either(regulars), size) : choiceOf(items);
      }
      case 'repeat': {
        const inside = this.#fuse(item.item);
        if (inside.kind !== 'text') return { ...item, item: inside };
        return this.#text(repeat(inside.regular, item.min, item.max), this.#size([inside]));
      }
      case 'sequence':
        return this.#sequence(sequenceOfItems(item.items.map((part) => this.#fuse(part))));
    }
  }

  #sequence(item: Item): Item {
    if (item.kind !== 'sequence') return item;
    const found: Item[] = [];
    let run: Item[] = [];
    const close = (): void => {
      if (run.length > 0)
        found.push(run.length === 1 ? run[0]! : this.#text(sequenceOf(regularsOf(run)!), this.#size(run)));
      run = [];
    };
    for (const part of item.items) {
      if (part.kind !== 'text' || this.#size([...run, part]) > LARGE) close();
      (part.kind === 'text' ? run : found).push(part);
    }
    close();
    return found.length === 0 ? this.#text(empty, 1) : sequenceOfItems(found);
  }

  #text(regular: Regular, size: number): Item {
    const item: Item = { kind: 'text', regular };
    this.#sizes.set(item, size);
    return item;
  }

  #size(items: readonly Item[]): number {
    return items.reduce((sum, item) => sum + (this.#sizes.get(item) ?? 1), 0);
  }
}

function regularsOf(items: readonly Item[]): Regular[] | undefined {
  const found = items.flatMap((item) => (item.kind === 'text' ? [item.regular] : []));
  return found.length === items.length ? found : undefined;
}
