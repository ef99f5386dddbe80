/** Makes the grammar of a set of values. */
import type { Grammar, Item } from '../grammar.ts';
import { never, Rules } from '../rules.ts';
import { either, empty, literal, nothing, sequence } from '../regular.ts';
import { arrayItem } from './emit_array.ts';
import { objectItem } from './emit_object.ts';
import { choiceItem, text, type Emitter, type Space } from './emitter.ts';
import { checkLimit } from './limits.ts';
import { numberTexts } from './number_texts.ts';
import { scalars } from './scalars.ts';
import type { Context, Shape, Values } from './sets.ts';
import { gap } from './texts.ts';

/** Spaces that a schema's texts may have. `free`: as a model likes, one line or many. `none`: `{"a":1,"b":2}`. `one`: `{"a": 1, "b": 2}`. */
export const spaces = {
  free: {
    inside: gap,
    comma: sequence(literal(','), gap),
    colon: sequence(literal(':'), either([empty, literal(' ')])),
  },
  none: { inside: empty, comma: literal(','), colon: literal(':') },
  one: { inside: empty, comma: literal(', '), colon: literal(': ') },
} as const satisfies Record<string, Space>;

export function grammarOf(context: Context, start: Values, space: Space): Grammar {
  const rules: Item[] = [];
  const makers: (() => Item)[] = [];
  const known = new Map<Values, Item>();
  const rule = (make: () => Item): Item => {
    checkLimit('rules', makers.length, context.where);
    return { kind: 'rule', rule: makers.push(make) - 1 };
  };
  const itemOf = (values: Values): Item => {
    const found = known.get(values);
    if (found) return found;
    const shape = context.shapeOf(values);
    const isScalar = shape.arrays.length + shape.objects.length === 0;
    const item = isScalar
      ? text(scalars(shape, numberTexts(shape.numbers)))
      : rule(() => shapeItem(emitter, shape, pointerOf(values)));
    known.set(values, item);
    return item;
  };
  const rest = (make: () => Item): Item => ({ ...rule(make), sameScope: true }) as Item;
  const emitter: Emitter = { context, space, itemOf, rule, rest };
  makers.push(() => itemOf(start));
  for (const make of makers) rules.push(make());
  const grammar = { rules };
  if (new Rules(grammar, 0).items[0] === never)
    throw new RangeError('no value can be written that is valid under the schema');
  return grammar;
}

/** Where the schema says so, or a part of it. */
function pointerOf(values: Values): string {
  if (values.kind === 'place') return values.place.pointer;
  if (values.kind === 'not') return pointerOf(values.part);
  return values.kind === 'both' || values.kind === 'either' ? pointerOf(values.parts[0]!) : '';
}

function shapeItem(emitter: Emitter, shape: Shape, where: string): Item {
  const texts = scalars(shape, numberTexts(shape.numbers));
  return choiceItem([
    ...shape.objects.map((part) => objectItem(emitter, part, where)),
    ...shape.arrays.map((part) => arrayItem(emitter, part, where)),
    ...(texts === nothing ? [] : [text(texts)]),
  ]);
}
