import type { Grammar, Item } from '../grammar.ts';
import { nothing } from '../regular.ts';
import { isNothing } from './texts.ts';

const never: Item = { kind: 'text', regular: nothing };

/** The grammar without what no text comes of. */
export function pruned(grammar: Grammar): Grammar {
  const lives = new Uint8Array(grammar.rules.length);
  const isLive = (item: Item): boolean => {
    switch (item.kind) {
      case 'text':
        return !isNothing(item.regular);
      case 'token':
        return true;
      case 'sequence':
        return item.items.every(isLive);
      case 'choice':
        return item.items.some(isLive);
      case 'repeat':
        return item.min === 0 || isLive(item.item);
      case 'rule':
        return lives[item.rule] === 1;
    }
  };
  for (let before = -1, n = 0; n !== before;) {
    before = n;
    for (let i = lives.length - 1; i >= 0; i--) {
      if (lives[i] === 1 || !isLive(grammar.rules[i]!)) continue; // rules are made before those that they use
      lives[i] = 1;
      n++;
    }
  }
  const without = (item: Item): Item => {
    if (!isLive(item)) return never;
    if (item.kind === 'sequence') return { ...item, items: item.items.map(without) };
    if (item.kind === 'choice') return { ...item, items: item.items.filter(isLive).map(without) };
    if (item.kind !== 'repeat') return item;
    return isLive(item.item) ? { ...item, item: without(item.item) } : { kind: 'sequence', items: [] };
  };
  return { rules: grammar.rules.map(without) };
}
