import { derivative } from '../../src/grammar/derivative.ts';
import type { Grammar, Item } from '../../src/grammar/grammar.ts';

/**
 * Whether a text fits a grammar, from the definition alone: for each item and each place, the places where it may end. Rules
 * that use themselves begin with no ends, and all is done again until nothing is added.
 */
export function recognises(grammar: Grammar, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  const known = new Map<string, Set<number>>();
  let grew = true;
  const rule = (index: number, at: number): Set<number> => {
    const key = `${index},${at}`;
    let ends = known.get(key);
    if (!ends) {
      known.set(key, (ends = new Set()));
      grew = true;
    }
    return ends;
  };
  const endsOf = (item: Item, at: number): Set<number> => {
    switch (item.kind) {
      case 'text': {
        const ends = new Set<number>();
        let state = item.regular;
        for (let i = at; ; i++) {
          if (state.nullable) ends.add(i);
          if (i === bytes.length) return ends;
          state = derivative(state, bytes[i]!);
        }
      }
      case 'token':
        return new Set();
      case 'rule':
        return rule(item.rule, at);
      case 'choice':
        return new Set(item.items.flatMap((part) => [...endsOf(part, at)]));
      case 'sequence':
        return item.items.reduce(
          (from, part) => new Set([...from].flatMap((i) => [...endsOf(part, i)])),
          new Set([at]),
        );
      case 'repeat': {
        const ends = new Set<number>();
        let from = new Set([at]);
        for (let n = 0; n <= Math.min(item.max ?? Infinity, item.min + bytes.length + 1) && from.size > 0; n++) {
          if (n >= item.min) for (const end of from) ends.add(end);
          from = new Set([...from].flatMap((i) => [...endsOf(item.item, i)]));
        }
        return ends;
      }
    }
  };
  rule(0, 0);
  while (grew) {
    grew = false;
    for (const [key, ends] of [...known]) {
      const [index, at] = key.split(',').map(Number);
      for (const end of endsOf(grammar.rules[index!]!, at!)) {
        if (ends.has(end)) continue;
        ends.add(end);
        grew = true;
      }
    }
  }
  return rule(0, 0).has(bytes.length);
}
