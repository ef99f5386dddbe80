import { greatest } from '../../base/numbers.ts';
import type { Item } from '../grammar.ts';
import { literal, sequence } from '../regular.ts';
import { itemAt } from './arrays.ts';
import { choiceItem, optionalItem, sequenceItem, text, type Emitter } from './emitter.ts';
import { uniqueItems } from './emit_unique.ts';
import { checkLimit, countWork } from './limits.ts';
import type { ArrayShape } from './sets.ts';
import { bothValues, notValues } from './values.ts';

export function arrayItem(emitter: Emitter, shape: ArrayShape, where: string): Item {
  if (shape.min > shape.max) return choiceItem([]);
  const { inside } = emitter.space;
  const items = itemsOf(emitter, shape, where);
  const some = sequenceItem([text(sequence(literal('['), inside)), items, text(sequence(inside, literal(']')))]);
  const needed = shape.contains.some(({ min }) => min > 0);
  const none = text(sequence(literal('['), inside, literal(']')));
  if (shape.max === 0) return none;
  return shape.min === 0 && !needed ? choiceItem([none, some]) : some;
}

function itemsOf(emitter: Emitter, shape: ArrayShape, where: string): Item {
  if (shape.unique !== undefined && shape.max > 1) return uniqueItems(emitter, shape);
  return shape.contains.length === 0 ? plainItems(emitter, shape) : countedItems(emitter, shape, where);
}

/** One item and more, of which each is held to what its place says. */
function plainItems(emitter: Emitter, shape: ArrayShape): Item {
  const { prefix, rest, min, max } = shape;
  const comma = text(emitter.space.comma);
  const nPrefix = Math.min(prefix.length, max);
  let tail: Item | undefined;
  if (max > nPrefix) {
    const more = emitter.itemOf(rest);
    const least = Math.max(0, min - nPrefix);
    const most = max === Infinity ? {} : { max: max - nPrefix - (nPrefix === 0 ? 1 : 0) };
    const item = sequenceItem([comma, more]);
    const repeated: Item = { kind: 'repeat', item, min: nPrefix === 0 ? Math.max(0, least - 1) : least, ...most };
    tail = nPrefix === 0 ? sequenceItem([more, repeated]) : repeated;
  }
  for (let i = nPrefix - 1; i >= 0; i--) {
    const parts = [...(i === 0 ? [] : [comma]), emitter.itemOf(prefix[i]!), ...(tail ? [tail] : [])];
    const item = sequenceItem(parts);
    tail = i < min || i === 0 ? item : optionalItem(item);
  }
  return tail!;
}

/** The same where items of a kind are counted: a rule for each place and what was counted up to there. */
function countedItems(emitter: Emitter, shape: ArrayShape, where: string): Item {
  const { context } = emitter;
  checkLimit('conditions', shape.contains.length, where);
  const known = new Map<string, Item>();
  const froms = greatest(shape.contains.map(({ from }) => from));
  const last = Math.max(1, shape.prefix.length, shape.min, froms, shape.max < Infinity ? shape.max : 0);
  const next = (index: number, counts: readonly number[]): Item => {
    const at = Math.min(index, last);
    const key = `${at} ${counts.join()}`;
    const item = known.get(key) ?? emitter.rule(() => step(at, counts));
    known.set(key, item);
    checkLimit('rules', known.size, where);
    return item;
  };
  const step = (index: number, counts: readonly number[]): Item => {
    const found: Item[] = [];
    const isDone = shape.contains.every(({ min }, i) => counts[i]! >= min);
    if (index >= shape.min && isDone && index > 0) found.push(text(sequence()));
    if (index < shape.max) for (const item of chosen(index, counts)) found.push(item);
    return choiceItem(found);
  };
  const chosen = (index: number, counts: readonly number[]): Item[] => {
    const found: Item[] = [];
    for (let choice = 0; choice < 1 << shape.contains.length; choice++) {
      countWork(context, where);
      const parts = [itemAt(shape, index)];
      const counted = counts.slice();
      let isPossible = true;
      shape.contains.forEach(({ values, from, min, max }, i) => {
        const isOne = ((choice >> i) & 1) === 1;
        if (isOne && index < from) isPossible = false;
        if (index < from) return;
        if (isOne) {
          parts.push(values);
          counted[i] = Math.min(counts[i]! + 1, max === Infinity ? min : max + 1);
          if (counts[i]! >= max || (max === Infinity && counts[i]! >= min)) isPossible = false;
        } else if (max < Infinity) parts.push(notValues(context, values));
      });
      if (!isPossible) continue;
      const values = bothValues(context, parts);
      if (context.isEmpty(values)) continue;
      const comma = index === 0 ? [] : [text(emitter.space.comma)];
      found.push(sequenceItem([...comma, emitter.itemOf(values), next(index + 1, counted)]));
    }
    return found;
  };
  return next(
    0,
    shape.contains.map(() => 0),
  );
}
