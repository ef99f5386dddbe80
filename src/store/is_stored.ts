import type { StoredSource } from './types.ts';

/** Whether a source is one of the store's, other than bytes or a path: a plain object, of whatever realm. (A Response has a `url`, too.) */
export function isStoredSource(source: unknown): source is StoredSource {
  if (typeof source !== 'object' || source === null) return false;
  const prototype = Object.getPrototypeOf(source) as object | null;
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain && ('url' in source || 'hf' in source || 'store' in source);
}
