import type { Grammar, Item } from './grammar.ts';
import { either, empty, repeat, sequenceOf, type Regular } from './regular.ts';
import { choiceOf, sequenceOfItems } from './rules.ts';

/** Pieces of more parts than this stay apart: an automaton of the whole would be made anew for each place. */
const LARGE = 400;

/**
 * The same grammar with larger pieces: what is regular becomes one text, also through rules that do not come back to
 * themselves. A grammar that is written character by character is so read word by word.
 */
export function fused({ rules }: Grammar): Grammar {
  const done: (Item | undefined)[] = [];
  const sizes = new Map<Item, number>(); // of texts: how many parts they were made of
  const open = new Set<number>();

  const ruleOf = (index: number): Item => {
    const known = done[index];
    if (known) return known;
    if (open.has(index) || open.size > MAX_OPEN) return { kind: 'rule', rule: index }; // it comes back to itself
    open.add(index);
    const item = fuse(rules[index]!);
    open.delete(index);
    return (done[index] = item);
  };

  const text = (regular: Regular, size: number): Item => {
    const item: Item = { kind: 'text', regular };
    sizes.set(item, size);
    return item;
  };
  const sizeOf = (items: readonly Item[]): number => items.reduce((sum, item) => sum + (sizes.get(item) ?? 1), 0);

  const fuse = (item: Item): Item => {
    switch (item.kind) {
      case 'text':
      case 'token':
        return item;
      case 'rule': {
        const inside = ruleOf(item.rule);
        return inside.kind === 'text' ? inside : item;
      }
      case 'choice': {
        const items = item.items.map(fuse);
        const regulars = regularsOf(items);
        return regulars && sizeOf(items) <= LARGE ? text(either(regulars), sizeOf(items)) : choiceOf(items);
      }
      case 'repeat': {
        const inside = fuse(item.item);
        if (inside.kind !== 'text') return { ...item, item: inside };
        return text(repeat(inside.regular, item.min, item.max), sizeOf([inside]));
      }
      case 'sequence':
        return fuseSequence(sequenceOfItems(...item.items.map(fuse)));
    }
  };

  const fuseSequence = (item: Item): Item => {
    if (item.kind !== 'sequence') return item;
    const found: Item[] = [];
    let run: Item[] = [];
    const close = (): void => {
      if (run.length > 0) found.push(run.length === 1 ? run[0]! : text(sequenceOf(regularsOf(run)!), sizeOf(run)));
      run = [];
    };
    for (const part of item.items) {
      if (part.kind === 'text' && sizeOf([...run, part]) > LARGE) close();
      if (part.kind === 'text') run.push(part);
      else {
        close();
        found.push(part);
      }
    }
    close();
    return found.length === 0 ? text(empty, 1) : sequenceOfItems(...found);
  };

  return { rules: rules.map((_, index) => ruleOf(index)) };
}

/** Rules inside rules are looked into by recursion, up to so many. */
const MAX_OPEN = 200;

function regularsOf(items: readonly Item[]): Regular[] | undefined {
  const found = items.flatMap((item) => (item.kind === 'text' ? [item.regular] : []));
  return found.length === items.length ? found : undefined;
}
