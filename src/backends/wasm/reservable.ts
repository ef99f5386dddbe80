import { MAX_BYTES, pagesOf } from './heap.ts';

/** Sizes that are asked for where a larger one cannot be had. */
const lesserSizes = [3, 2, 1.5, 1, 0.75, 0.5, 0.375, 0.25, 0.125, 0.0625].map((gib) => gib * 2 ** 30);

/**
 * Asks for a memory of so many bytes, and lets go of it. Nothing is written to it, so it costs addresses alone.
 * @returns what can be had: `bytes` or more, or the largest of some lesser sizes.
 */
export function reservable(bytes: number, shared: boolean): { readonly bytes: number; readonly said: string } {
  const isGiven = (n: number): boolean => {
    try {
      return Boolean(new WebAssembly.Memory({ ...pagesOf(n), shared }));
    } catch {
      return false;
    }
  };
  if (bytes > MAX_BYTES || isGiven(bytes)) return { bytes: MAX_BYTES, said: 'that WebAssembly has' };
  const most = lesserSizes.find((n) => n < bytes && isGiven(n)) ?? 0;
  return { bytes: most, said: `that this device gives a ${shared ? 'shared ' : ''}memory` };
}
