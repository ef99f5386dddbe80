/** Objects whose properties are counted, or of which some must be there: a rule for each state of progress. */
import type { Item } from '../grammar.ts';
import { both, empty } from '../regular.ts';
import { choiceItem, sequenceItem, text, type Emitter } from './emitter.ts';
import { checkLimit, countWork } from './limits.ts';
import { namedProperty, openProperty, type Member } from './members.ts';
import type { Keys, ObjectShape, Values } from './sets.ts';
import { contentsOf, isNothing, matches } from './texts.ts';
import { bothValues } from './values.ts';

interface Members {
  readonly members: readonly Member[];
  readonly others: readonly Keys[];
  /** The schema's pointer. */
  readonly where: string;
}

/** How far an object has come. Sets of `shape.some` are bits. */
interface Progress {
  /** Of the next named property. */
  readonly index: number;
  readonly count: number;
  /** What is still to come. */
  readonly pending: number;
}

interface Work extends Members {
  readonly emitter: Emitter;
  readonly shape: ObjectShape;
  next(progress: Progress): Item;
}

export function countedMembers(emitter: Emitter, shape: ObjectShape, { members, others, where }: Members): Item {
  checkLimit('conditions', shape.some.length, where);
  const known = new Map<string, Item>();
  const most = shape.max < Infinity ? shape.max : Math.max(shape.min, 1);
  const next = (progress: Progress): Item => {
    const state = { ...progress, count: Math.min(progress.count, most) };
    const key = Object.values(state).join(' ');
    const item = known.get(key) ?? emitter.rest(() => choiceItem(steps(work, state)));
    known.set(key, item);
    checkLimit('rules', known.size, where);
    return item;
  };
  const work: Work = { emitter, shape, members, others, where, next };
  return next({ index: 0, count: 0, pending: 2 ** shape.some.length - 1 });
}

function steps(work: Work, progress: Progress): Item[] {
  const { shape, next } = work;
  const isFull = shape.max < Infinity && progress.count >= shape.max;
  const member = work.members[progress.index];
  if (member) {
    const skipped = member.isRequired ? [] : [next({ ...progress, index: progress.index + 1 })];
    return isFull ? skipped : [...skipped, ...namedSteps(work, progress, member)];
  }
  const isDone = progress.pending === 0 && progress.count >= shape.min && progress.count > 0;
  return [...(isDone ? [text(empty)] : []), ...(isFull ? [] : openSteps(work, progress))];
}

function namedSteps(work: Work, { index, count, pending }: Progress, member: Member): Item[] {
  const { emitter, shape, next } = work;
  const fitting = shape.some.reduce(
    (set, { keys }, i) => set | (matches(keys, contentsOf(member.name)) ? 1 << i : 0),
    0,
  );
  return subsets(pending & fitting).flatMap((chosen) => {
    const values = held(work, member.values, chosen);
    if (emitter.context.isEmpty(values)) return [];
    const after = next({ index: index + 1, count: count + 1, pending: pending & ~chosen });
    return [sequenceItem([...comma(emitter, count), namedProperty(emitter, member, values), after])];
  });
}

function openSteps(work: Work, { index, count, pending }: Progress): Item[] {
  const { emitter, shape, others, next } = work;
  return others.flatMap((one) =>
    subsets(pending).flatMap((chosen) => {
      const keys = both([one.keys, ...conditions(shape, chosen).map(({ keys }) => keys)]);
      const values = held(work, one.values, chosen);
      if (isNothing(keys, emitter.context) || emitter.context.isEmpty(values)) return [];
      const after = next({ index, count: count + 1, pending: pending & ~chosen });
      return [sequenceItem([...comma(emitter, count), openProperty(emitter, keys, values), after])];
    }),
  );
}

const comma = (emitter: Emitter, count: number): Item[] => (count === 0 ? [] : [text(emitter.space.comma)]);

const conditions = (shape: ObjectShape, set: number): Keys[] => shape.some.filter((_, i) => (set >> i) & 1);

function held({ emitter: { context }, shape, where }: Work, values: Values, chosen: number): Values {
  countWork(context, where, 1 + shape.some.length);
  return bothValues(context, [values, ...conditions(shape, chosen).map(({ values }) => values)]);
}

/** All sets of these bits. */
function subsets(bits: number): number[] {
  const found = [bits];
  for (let set = bits; set !== 0;) found.push((set = (set - 1) & bits));
  return found;
}
