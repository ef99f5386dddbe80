/** Arrays whose items are all different. */
import { UnsupportedError } from '../../base/errors.ts';
import type { Item } from '../grammar.ts';
import { both, empty, type Regular } from '../regular.ts';
import { itemAt } from './arrays.ts';
import { choiceItem, sequenceItem, text, type Emitter } from './emitter.ts';
import { at, checkLimit } from './limits.ts';
import { exactNumbers } from './number_texts.ts';
import { scalars } from './scalars.ts';
import type { ArrayShape } from './sets.ts';
import { allContents, fewTexts } from './texts.ts';

/** More values than this are not run out of. */
const MANY = 1_000;

/** One item and more. Each value has one text here, so items are different when their texts are. */
export function uniqueItems(emitter: Emitter, shape: ArrayShape): Item {
  const { prefix, min } = shape;
  const kinds = [...prefix, shape.rest].map((_, i) => itemTexts(emitter, shape, i));
  const counts = kinds.map((kind) => fewTexts(kind, MANY, emitter.context)?.length ?? Infinity);
  const isShort = counts.some((count) => count < Infinity);
  if (shape.contains.length > 0 || (prefix.length > 0 && isShort)) {
    throw refused(shape, `with ${shape.contains.length > 0 ? 'contains' : 'prefixItems of few values'}`);
  }
  const max = Math.min(shape.max, counts[0]!);
  const item = (index: number): Item => ({
    kind: 'text',
    regular: kinds[Math.min(index, prefix.length)]!,
    distinct: true,
  });
  const comma = text(emitter.space.comma);
  const last = Math.max(prefix.length, min, max < Infinity ? max : 1);
  checkLimit('rules', last, shape.unique!);
  const from = (index: number): Item => {
    if (index === max) return text(empty);
    const more = sequenceItem([comma, item(index)]);
    if (index === last) return { kind: 'repeat', item: more, min: 0 };
    const next = sequenceItem([more, emitter.rest(() => from(index + 1))]);
    return index < min ? next : choiceItem([text(empty), next]);
  };
  return max === 0 || min > max ? choiceItem([]) : sequenceItem([item(0), from(1)]);
}

const refused = (shape: ArrayShape, how: string): UnsupportedError =>
  new UnsupportedError(
    `${at(shape.unique!)} of the schema: uniqueItems ${how} is not supported; leave it out, or name the values in an enum`,
  );

/** Texts of an item: one for each value. */
function itemTexts(emitter: Emitter, shape: ArrayShape, index: number): Regular {
  const { arrays, objects, numbers, ...rest } = emitter.context.shapeOf(itemAt(shape, index));
  if (arrays.length + objects.length > 0) throw refused(shape, 'of arrays and objects');
  const strings = both([rest.strings, allContents]);
  return scalars({ ...rest, strings }, exactNumbers(numbers));
}
