import { UnsupportedError } from '../../base/errors.ts';
import type { Item } from '../grammar.ts';
import { both, empty } from '../regular.ts';
import { choiceItem, sequenceItem, text, type Emitter } from './emitter.ts';
import { at, checkLimit } from './limits.ts';
import { property, type Member } from './members.ts';
import type { Keys, ObjectShape } from './sets.ts';
import { isNothing, matches, contentsOf } from './texts.ts';
import { bothValues } from './values.ts';

interface Members {
  readonly members: readonly Member[];
  readonly others: readonly Keys[];
}

/** How far an object has come: the next named property, how many there are, which of `some` are still to come (bits). */
interface Progress {
  readonly index: number;
  readonly count: number;
  readonly pending: number;
}

/** Properties that are counted, or of which some must be there: a rule for each state of progress. */
export function countedMembers(emitter: Emitter, shape: ObjectShape, { members, others }: Members): Item {
  const { context } = emitter;
  const nRequired = members.filter(({ isRequired }) => isRequired).length;
  if (others.length > 0 && shape.min > nRequired + 1) {
    throw new UnsupportedError(
      `${at(context.where)} of the schema: minProperties is ${shape.min} where keys are not named; name them under properties`,
    );
  }
  const known = new Map<string, Item>();
  const most = shape.max < Infinity ? shape.max : Math.max(shape.min, 1);
  const next = ({ index, count, pending }: Progress): Item => {
    const state = { index, count: Math.min(count, most), pending };
    const key = `${state.index} ${state.count} ${state.pending}`;
    const item = known.get(key) ?? emitter.rule(() => step(state));
    known.set(key, item);
    checkLimit('rules', known.size, context.where);
    return item;
  };
  const comma = (count: number): Item[] => (count === 0 ? [] : [text(emitter.space.comma)]);
  const step = (progress: Progress): Item => {
    const { index, count, pending } = progress;
    const isFull = shape.max < Infinity && count >= shape.max;
    const member = members[index];
    if (!member) return open(progress, isFull);
    const found = member.isRequired ? [] : [next({ ...progress, index: index + 1 })];
    const fitting = bits(shape.some.length).filter(
      (bit) => pending & bit && matches(shape.some[Math.log2(bit)]!.keys, contentsOf(member.name)),
    );
    for (const chosen of isFull ? [] : subsets(fitting)) {
      const held = shape.some.filter((_, i) => chosen & (1 << i)).map(({ values }) => values);
      const values = bothValues(context, [member.values, ...held]);
      if (context.isEmpty(values)) continue;
      const after = next({ index: index + 1, count: count + 1, pending: pending & ~chosen });
      found.push(sequenceItem([...comma(count), property(emitter, member.key, values), after]));
    }
    return choiceItem(found);
  };
  const open = ({ index, count, pending }: Progress, isFull: boolean): Item => {
    const found: Item[] = pending === 0 && count >= shape.min && count > 0 ? [text(empty)] : [];
    if (isFull) return choiceItem(found);
    for (const { keys, values } of others) {
      found.push(
        sequenceItem([...comma(count), property(emitter, keys, values), next({ index, count: count + 1, pending })]),
      );
      const i = Math.log2(pending);
      if (pending === 0 || !Number.isInteger(i) || count + 1 < shape.min) continue;
      // The last property is the one that is asked for: were its key to come again, another value would take its place.
      const key = both([keys, shape.some[i]!.keys]);
      const held = bothValues(context, [values, shape.some[i]!.values]);
      if (!isNothing(key) && !context.isEmpty(held))
        found.push(sequenceItem([...comma(count), property(emitter, key, held)]));
    }
    return choiceItem(found);
  };
  return next({ index: 0, count: 0, pending: 2 ** shape.some.length - 1 });
}

const bits = (n: number): number[] => Array.from({ length: n }, (_, i) => 1 << i);

function subsets(parts: readonly number[]): number[] {
  return parts.reduce<number[]>((found, bit) => [...found, ...found.map((set) => set | bit)], [0]);
}
