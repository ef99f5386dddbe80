import type { Item } from '../grammar.ts';
import { both, literal, not, sequence } from '../regular.ts';
import { choiceItem, optionalItem, sequenceItem, text, type Emitter } from './emitter.ts';
import { countedMembers } from './emit_counted.ts';
import { namedProperty, openProperty, type Member } from './members.ts';
import { keysNamed, topObject } from './objects.ts';
import type { Context, Keys, ObjectShape } from './sets.ts';
import { allContents, contentsOf, fewTexts } from './texts.ts';
import { none } from './values.ts';

export function objectItem(emitter: Emitter, shape: ObjectShape, where: string): Item {
  const { inside } = emitter.space;
  const named = [...shape.named]
    .filter(([, { values }]) => values !== none)
    .map(([name, { values, isRequired }]): Member => ({ name, key: literal(contentsOf(name)), values, isRequired }));
  const { listed, others } = isClosed(emitter, shape, named) ? noKeys : openKeys(emitter.context, shape);
  const members = [...named, ...listed];
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

const noKeys = { listed: [], others: [] };

/** Whether only named properties are wanted, and no others are needed. */
const isClosed = ({ space }: Emitter, { others, min, some }: ObjectShape, named: readonly Member[]): boolean =>
  space.isNamedOnly === true && others === topObject.others && named.length >= Math.max(1, min) && some.length === 0;

/** So few keys are named one by one: when all of them came, no other may be begun. */
const FEW_KEYS = 64;

/** Keys that are not named: members for those that can be listed, and classes for the rest. */
function openKeys(context: Context, shape: ObjectShape): { listed: Member[]; others: Keys[] } {
  const names = shape.named.size === 0 ? [] : [not(keysNamed([...shape.named.keys()]))];
  const listed: Member[] = [];
  const others: Keys[] = [];
  for (const { keys, values } of shape.others) {
    const rest = both([keys, ...names]);
    const few = keys === allContents ? undefined : fewTexts(rest, FEW_KEYS, context);
    if (!few) others.push({ keys: rest, values });
    for (const contents of few ?? []) {
      listed.push({ name: JSON.parse(`"${contents}"`) as string, key: literal(contents), values, isRequired: false });
    }
  }
  return { listed, others };
}

/** One property or more: those that are named, in their order, then any others, which this rule tells apart. */
function plainMembers(emitter: Emitter, members: readonly Member[], others: readonly Keys[]): Item {
  const comma = text(emitter.space.comma);
  const other = choiceItem(others.map(({ keys, values }) => openProperty(emitter, keys, values)));
  const more: Item[] = others.length === 0 ? [] : [{ kind: 'repeat', item: sequenceItem([comma, other]), min: 0 }];
  const first = members.findIndex(({ isRequired }) => isRequired);
  if (first < 0) {
    const named = members.length === 0 ? [] : [sequenceItem([anyFirst(emitter, members), ...more])];
    return choiceItem(others.length === 0 ? named : [...named, sequenceItem([other, ...more])]);
  }
  const items = members.flatMap((member, i): Item[] => {
    const item = namedProperty(emitter, member, member.values);
    if (i === first) return [item];
    if (i < first) return [optionalItem(sequenceItem([item, comma]))];
    return member.isRequired ? [comma, item] : [optionalItem(sequenceItem([comma, item]))];
  });
  return sequenceItem([...items, ...more]);
}

/** One or more of the members, where none is required: any may be the first. */
function anyFirst(emitter: Emitter, members: readonly Member[]): Item {
  const comma = text(emitter.space.comma);
  const starts: Item[] = [];
  let rest: Item[] = [];
  for (const member of [...members].reverse()) {
    const item = namedProperty(emitter, member, member.values);
    starts.push(sequenceItem([item, ...rest]));
    const after = [optionalItem(sequenceItem([comma, item])), ...rest];
    rest = [emitter.rule(() => sequenceItem(after))];
  }
  return choiceItem(starts.reverse());
}
