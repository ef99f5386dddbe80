import { Texts } from '../base/texts.ts';
import type { MetadataArray } from './value_types.ts';

type StringArray = Extract<MetadataArray, { of: 'string' }>;

const textsOfArrays = new WeakMap<StringArray, Texts>();

/** An array of strings whose `value` is made when someone asks for it. */
export function stringArray(texts: Texts): StringArray {
  let value: string[] | undefined;
  const array: StringArray = {
    type: 'array',
    of: 'string',
    get value() {
      return (value ??= [...texts]);
    },
  };
  textsOfArrays.set(array, texts);
  return array;
}

/** The same strings as texts; of an array out of a file none is made. */
export const textsIn = (array: StringArray): Texts => textsOfArrays.get(array) ?? Texts.of(array.value);
