import { FormatError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { LayerState } from '../graph/layer_state.ts';
import { size } from './decoder_config.ts';

/** What families share whose layers are of different kinds. */

/** A count for each layer, where 0 stands for a layer without: a list, or one number for all. */
export function counts(meta: Metadata, key: string, nLayers: number): number[] {
  const entry = meta.get(key);
  const listed = entry?.type === 'array' ? [...meta.numbers(key)] : new Array<number>(nLayers).fill(meta.u32(key));
  if (listed.length >= nLayers && listed.every((n) => Number.isInteger(n) && n >= 0)) return listed.slice(0, nLayers);
  throw new FormatError(`${key} holds ${listed.length} counts, expected a whole number for each of ${nLayers} layers; damaged file?`);
}

/** Heads of keys and values for each layer, 0 where a layer is no attention. */
export function kvHeadsOf(meta: Metadata, arch: string, { nLayers, nHeads }: { nLayers: number; nHeads: number }): number[] {
  const key = `${arch}.attention.head_count_kv`;
  const kvHeads = counts(meta, key, nLayers);
  for (const n of kvHeads) if (n > 0) checkDivides(key, n, `${arch}.attention.head_count`, nHeads);
  return kvHeads;
}

/** @throws FormatError where groups are not all of one size. */
export function checkDivides(key: string, n: number, wholeKey: string, whole: number): void {
  if (whole % n === 0) return;
  throw new FormatError(`${key} is ${n}, which does not divide the ${whole} of ${wholeKey}; damaged file?`);
}

/** @throws FormatError where the file has another number than follows from its others. */
export function checkIs(meta: Metadata, key: string, expected: number): void {
  const came = meta.u32(key);
  if (came !== expected) throw new FormatError(`${key} is ${came}, the other sizes make it ${expected}; damaged file?`);
}

/** Rows that a short convolution looks at; the state keeps one less. */
export function tapsOf(meta: Metadata, key: string): number {
  const nTaps = size(meta, key);
  if (nTaps >= 2) return nTaps;
  throw new FormatError(`${key} is ${nTaps}, expected at least 2; damaged file?`);
}

/** Hands out states in the order in which a family lists them. */
export function inOrder(states: readonly LayerState[]): () => LayerState {
  let n = 0;
  return () => states[n++]!;
}
