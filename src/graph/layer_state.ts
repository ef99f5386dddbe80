import { UnsupportedError } from '../errors.ts';
import { quantByName } from '../quants/index.ts';
import type { Value } from './graph.ts';

/** How keys and values are kept: f16 halves the memory, q8_0 nearly halves it again, f32 keeps every bit. */
export const kvTypes = ['f16', 'f32', 'q8_0'] as const;
export type KvType = (typeof kvTypes)[number];

/** One layer's keys and values, `[nCtx, kvDim]` each. */
export interface KvCache {
  readonly k: Value;
  readonly v: Value;
}

/** What decides about the size of a layer's cache. */
export interface KvShape {
  readonly nLayers: number;
  readonly nKvHeads: number;
  readonly headDim: number;
}

/**
 * The KV cache of every layer: `nLayers` pairs of `[nCtx, nKvHeads * headDim]`.
 * @throws UnsupportedError where blocks of the type would reach from one head into the next.
 */
export function kvCaches({ nLayers, nKvHeads, headDim }: KvShape, nCtx: number, kvType: KvType): KvCache[] {
  const quant = quantByName.get(kvType)!;
  if (headDim % quant.blockSize !== 0) {
    const came = `heads of ${headDim} columns, a ${kvType} cache holds blocks of ${quant.blockSize}`;
    throw new UnsupportedError(`${came}; open the model with kvType 'f16'`);
  }
  const state = (name: string) => ({ name, quant, shape: [nCtx, nKvHeads * headDim], role: 'state' }) as const;
  return Array.from({ length: nLayers }, (_, l) => ({ k: state(`k.${l}`), v: state(`v.${l}`) }));
}
