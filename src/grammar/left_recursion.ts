import type { Item } from './grammar.ts';
import { checkLimit } from './limits.ts';
import { blank, choiceOf, never, partsOf, sequenceOfItems, type Rules } from './rules.ts';

/** A way to begin a rule: with another rule of the circle (which is not empty here), or with something that is none of it. */
interface Beginning {
  readonly first: number | undefined;
  readonly rest: Item;
}

/**
 * Rewrites rules that can begin with themselves, at once or through others: a matcher that looks ahead would call them for ever.
 *
 * Within a circle, a text of rule A begins with something that is no rule of the circle (a seed, of rule B, say), and grows to
 * the right: where X begins with Y, X is Y and a rest. So A is a seed of B and a way from B to A, and ways begin with rests,
 * which leaves no rule that begins with itself. (Rosenkrantz and Lewis, *Deterministic left corner parsing*, 1970.) Rests that
 * are empty are followed here, and not while matching.
 */
export function withoutLeftRecursion(rules: Rules): void {
  const circles = circlesOf(rules);
  const nonEmpty = new Map<number, number>(); // the rule of a rule's texts that are not empty
  for (const circle of circles) {
    for (const rule of circle) {
      nonEmpty.set(rule, rules.add(never, false));
      rules.setNonEmptyRule(rule, nonEmpty.get(rule)!);
    }
  }
  for (const circle of circles) rewrite(rules, circle, nonEmpty);
}

function rewrite(rules: Rules, circle: readonly number[], nonEmpty: ReadonlyMap<number, number>): void {
  checkLimit('leftRecursion', circle.length);
  const within = new Set(circle);
  const nullable = circle.filter((rule) => rules.mayBeEmpty({ kind: 'rule', rule }));
  const beginnings = new Map(circle.map((rule) => [rule, beginningsOf(rules, within, rules.items[rule]!, blank)]));
  const ways = new Ways(rules, beginnings);
  for (const rule of circle) {
    const seeds: Item[] = [];
    for (const from of circle) {
      for (const { first, rest } of beginnings.get(from)!) {
        if (first === undefined) seeds.push(sequenceOfItems([rest, ways.item(from, rule)]));
      }
    }
    rules.items[nonEmpty.get(rule)!] = choiceOf(seeds);
    const same: Item = { kind: 'rule', rule: nonEmpty.get(rule)! };
    rules.items[rule] = nullable.includes(rule) ? choiceOf([same, blank]) : same;
  }
}

/** Rules for the ways from a rule that is read to a rule that it begins. */
class Ways {
  readonly #rules: Rules;
  readonly #known = new Map<string, Item>();
  /** By rule: the rules that begin with it, and what comes behind. */
  readonly #grows = new Map<number, { readonly to: number; readonly rest: Item }[]>();
  /** By rule: itself, and the rules that may be just it. */
  readonly #same = new Map<number, Set<number>>();

  constructor(rules: Rules, beginnings: ReadonlyMap<number, readonly Beginning[]>) {
    this.#rules = rules;
    for (const rule of beginnings.keys()) {
      this.#grows.set(rule, []);
      this.#same.set(rule, new Set([rule]));
    }
    const mayBe: [number, number][] = [];
    for (const [to, list] of beginnings) {
      for (const { first, rest } of list) {
        if (first === undefined) continue;
        const written = rules.nonEmpty(rest);
        if (written !== never) this.#grows.get(first)!.push({ to, rest: written });
        if (rules.mayBeEmpty(rest)) mayBe.push([first, to]);
      }
    }
    for (const found of this.#same.values()) {
      for (const rule of found) for (const [from, to] of mayBe) if (from === rule) found.add(to); // a set that grows while it is walked
    }
  }

  item(from: number, to: number): Item {
    const key = `${from},${to}`;
    const known = this.#known.get(key);
    if (known) return known;
    const rule = this.#rules.add(never, this.#same.get(from)!.has(to));
    const item: Item = { kind: 'rule', rule };
    this.#known.set(key, item);
    const ways: Item[] = this.#same.get(from)!.has(to) ? [blank] : [];
    for (const same of this.#same.get(from)!) {
      for (const grows of this.#grows.get(same)!) ways.push(sequenceOfItems([grows.rest, this.item(grows.to, to)]));
    }
    this.#rules.items[rule] = choiceOf(ways);
    return item;
  }
}

/** How `item` and then `rest` may begin, where `item` is not empty. */
function beginningsOf(rules: Rules, within: ReadonlySet<number>, item: Item, rest: Item): Beginning[] {
  switch (item.kind) {
    case 'text':
    case 'token': {
      const written = rules.nonEmpty(item);
      return written === never ? [] : [{ first: undefined, rest: sequenceOfItems([written, rest]) }];
    }
    case 'rule':
      if (within.has(item.rule)) return [{ first: item.rule, rest }];
      return [{ first: undefined, rest: sequenceOfItems([rules.nonEmpty(item), rest]) }];
    case 'choice':
      return item.items.flatMap((part) => beginningsOf(rules, within, part, rest));
    case 'sequence': {
      const [first, ...others] = item.items;
      if (!first) return [];
      const tail = sequenceOfItems(others);
      const found = beginningsOf(rules, within, first, sequenceOfItems([tail, rest]));
      return rules.mayBeEmpty(first) ? found.concat(beginningsOf(rules, within, tail, rest)) : found;
    }
    case 'repeat': {
      const { min, max = Infinity } = item;
      if (max === 0) return [];
      const fewer = rules.mayBeEmpty(item.item) ? 0 : Math.max(0, min - 1);
      const others: Item = { kind: 'repeat', item: item.item, min: fewer, max: max - 1 };
      return beginningsOf(rules, within, item.item, sequenceOfItems([others, rest]));
    }
  }
}

/** The rules that an item may begin with. */
function firstRules(rules: Rules, item: Item, found: Set<number>): void {
  if (item.kind === 'rule') found.add(item.rule);
  for (const part of partsOf(item)) {
    firstRules(rules, part, found);
    if (item.kind === 'sequence' && !rules.mayBeEmpty(part)) return;
  }
}

/** Circles of rules that begin with each other: strongly connected parts (Tarjan, 1972), with a stack of its own for deep grammars. */
function circlesOf(rules: Rules): number[][] {
  const nRules = rules.items.length;
  const firsts = rules.items.map((item) => {
    const found = new Set<number>();
    firstRules(rules, item, found);
    return [...found];
  });
  const order = new Int32Array(nRules).fill(-1);
  const low = new Int32Array(nRules);
  const isOpen = new Uint8Array(nRules);
  const open: number[] = [];
  const circles: number[][] = [];
  let nSeen = 0;
  for (let root = 0; root < nRules; root++) {
    if (order[root]! >= 0) continue;
    const path = [{ rule: root, next: 0 }];
    while (path.length > 0) {
      const at = path.at(-1)!;
      const { rule } = at;
      if (at.next === 0 && order[rule]! < 0) {
        order[rule] = low[rule] = nSeen++;
        open.push(rule);
        isOpen[rule] = 1;
      }
      const to = firsts[rule]![at.next++];
      if (to !== undefined) {
        if (order[to]! < 0) path.push({ rule: to, next: 0 });
        else if (isOpen[to]) low[rule] = Math.min(low[rule]!, order[to]!);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent) low[parent.rule] = Math.min(low[parent.rule]!, low[rule]!);
      if (low[rule] !== order[rule]) continue;
      const circle = open.splice(open.indexOf(rule));
      for (const member of circle) isOpen[member] = 0;
      if (circle.length > 1 || firsts[rule]!.includes(rule)) circles.push(circle);
    }
  }
  return circles;
}
