import { either, literal, nothing, type Regular } from '../regular.ts';
import type { Shape } from './sets.ts';
import { quoted } from './texts.ts';

/** The texts of the values that hold no others. */
export function scalars(
  { hasNull, booleans, strings }: Pick<Shape, 'hasNull' | 'booleans' | 'strings'>,
  numbers: Regular,
): Regular {
  return either([
    hasNull ? literal('null') : nothing,
    ...booleans.map((value) => literal(String(value))),
    numbers,
    quoted(strings),
  ]);
}
