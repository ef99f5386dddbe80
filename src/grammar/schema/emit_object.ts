import type { Item } from '../grammar.ts';
import { both, literal, not, sequence } from '../regular.ts';
import { choiceItem, optionalItem, sequenceItem, text, type Emitter } from './emitter.ts';
import { countedMembers } from './emit_counted.ts';
import { property, type Member } from './members.ts';
import { keysNamed } from './objects.ts';
import type { Keys, ObjectShape } from './sets.ts';
import { contentsOf } from './texts.ts';
import { none } from './values.ts';

export function objectItem(emitter: Emitter, shape: ObjectShape, where: string): Item {
  const { inside } = emitter.space;
  const members = [...shape.named]
    .filter(([, { values }]) => values !== none)
    .map(([name, { values, isRequired }]): Member => ({ name, key: literal(contentsOf(name)), values, isRequired }));
  const others = openKeys(shape);
  const nRequired = [...shape.named.values()].filter(({ isRequired }) => isRequired).length;
  const isNever = [...shape.named.values()].some(({ isRequired, values }) => isRequired && values === none);
  if (isNever || Math.max(nRequired, shape.min) > shape.max) return choiceItem([]);
  const most = others.length === 0 ? members.length : Infinity;
  const isCounted = shape.min > Math.max(nRequired, 1) || shape.max < most || shape.some.length > 0;
  const blank = text(sequence(literal('{'), inside, literal('}')));
  if (members.length + others.length === 0 && shape.min + shape.some.length > 0) return choiceItem([]);
  if (members.length + others.length === 0 || shape.max === 0) return blank;
  const some = isCounted
    ? countedMembers(emitter, shape, { members, others, where })
    : plainMembers(emitter, members, others);
  const whole = sequenceItem([text(sequence(literal('{'), inside)), some, text(sequence(inside, literal('}')))]);
  const mayBeEmpty = nRequired === 0 && shape.min === 0 && shape.some.length === 0;
  return mayBeEmpty ? choiceItem([blank, whole]) : whole;
}

/** Classes of keys that are not named. */
function openKeys(shape: ObjectShape): Keys[] {
  if (shape.named.size === 0) return [...shape.others];
  const names = not(keysNamed([...shape.named.keys()]));
  return shape.others.map(({ keys, values }) => ({ keys: both([keys, names]), values }));
}

/** One property or more: those that are named, in their order, then any others. */
function plainMembers(emitter: Emitter, members: readonly Member[], others: readonly Keys[]): Item {
  const comma = text(emitter.space.comma);
  const other = choiceItem(others.map(({ keys, values }) => property(emitter, keys, values)));
  const more: Item[] = others.length === 0 ? [] : [{ kind: 'repeat', item: sequenceItem([comma, other]), min: 0 }];
  const first = members.findIndex(({ isRequired }) => isRequired);
  if (first < 0) return anyFirst(emitter, members, others.length === 0 ? undefined : { other, more });
  const items = members.flatMap(({ key, values, isRequired }, i): Item[] => {
    const item = property(emitter, key, values);
    if (i === first) return [item];
    if (i < first) return [optionalItem(sequenceItem([item, comma]))];
    return isRequired ? [comma, item] : [optionalItem(sequenceItem([comma, item]))];
  });
  return sequenceItem([...items, ...more]);
}

/** The same where none is required: any may be the first. */
function anyFirst(emitter: Emitter, members: readonly Member[], open: { other: Item; more: Item[] } | undefined): Item {
  const comma = text(emitter.space.comma);
  const starts: Item[] = [];
  let rest = open?.more ?? [];
  if (open) starts.push(sequenceItem([open.other, ...open.more]));
  for (const { key, values } of [...members].reverse()) {
    const item = property(emitter, key, values);
    starts.push(sequenceItem([item, ...rest]));
    const after = [optionalItem(sequenceItem([comma, item])), ...rest];
    rest = [emitter.rule(() => sequenceItem(after))];
  }
  return choiceItem(starts.reverse());
}
