import type { KvCache } from './graph.ts';
import { quantByName } from './quants/index.ts';

/** How keys and values are kept: f16 halves the memory, f32 keeps every bit. */
export const kvTypes = ['f16', 'f32'] as const;
export type KvType = (typeof kvTypes)[number];

/** The KV cache of every layer: `nLayers` pairs of `[nCtx, kvDim]`. */
export function kvCaches(nLayers: number, nCtx: number, kvDim: number, kvType: KvType): KvCache[] {
  const quant = quantByName.get(kvType)!;
  const state = (name: string) => ({ name, quant, shape: [nCtx, kvDim], role: 'state' }) as const;
  return Array.from({ length: nLayers }, (_, l) => ({ k: state(`k.${l}`), v: state(`v.${l}`) }));
}
