import { UnsupportedError } from '../base/errors.ts';
import { roundUp } from '../base/numbers.ts';
import { elementsOf, type Tensor } from '../graph/tensor.ts';

/**
 * Types that ggml does not have, or no longer, or not in this form. A file of them is no damaged one, so the message says what it is.
 */

/** By the id that stands in files. */
const names: ReadonlyMap<number, string> = new Map([
  [142, "PrismML's PQ2_0, whose products need activations turned by a Hadamard matrix"],
  [143, "PrismML's PTQ1_0, whose products need activations turned by a Hadamard matrix"],
  ...[4, 5, 31, 32, 33, 36, 37, 38].map((id) => [id, 'which ggml has removed'] as const),
]);

/** What is known of a type without a row in the table of quant types, to stand behind its id. */
export const foreignType = (id: number): string => (names.has(id) ? `, ${names.get(id)}` : '');

/** Forms that were given up, by the name of the type that has their id today. */
const oldForms: ReadonlyMap<
  string,
  { readonly blockSize: number; readonly blockBytes: number; readonly what: string }
> = new Map([
  [
    'q2_0',
    { blockSize: 128, blockBytes: 34, what: 'Q2_0 in its first form, with 128 weights in a block instead of 64' },
  ],
  [
    'nvfp4',
    { blockSize: 32, blockBytes: 6, what: 'Q1_0 in its first form, with 32 weights in a block instead of 128' },
  ],
]);

/** What a tensor has from where it begins to the next one, or to the end of the file. */
export interface Room {
  readonly bytes: number;
  readonly alignment: number;
}

/** @throws UnsupportedError where a tensor's room is too small for its type, and just what an old form of it takes. */
export function checkForm(tensor: Tensor, room: Room, where: string): void {
  const old = oldForms.get(tensor.quant.name);
  if (!old) return;
  const { blockSize, blockBytes, what } = old;
  const bytes = (elementsOf(tensor) / blockSize) * blockBytes;
  if (bytes <= room.bytes && room.bytes <= roundUp(bytes, room.alignment))
    throw new UnsupportedError(
      `${where} is ${what}, which only its makers' programs read; get a newer file of the model`,
    );
}
