import type { LayerSizes } from './gemma4_layers.ts';
import type { WeightFinder } from './weight_finder.ts';

/** Sizes of models whose last layers attend to keys and values of earlier ones: Gemma 3n and 4. */
export interface SharedKeys {
  readonly dim: number;
  readonly nHeads: number;
  /** Layers with keys and values of their own. */
  readonly nOwn: number;
  readonly layers: readonly LayerSizes[];
}

/** Projections and norms of layer `l`; the last layers have no keys and values of their own, whatever the file holds. */
export function sharedAttention(find: WeightFinder, { dim, nHeads, nOwn, layers }: SharedKeys, l: number) {
  const { headDim, nKvHeads } = layers[l]!;
  const at = `blk.${l}.attn`;
  const own = () => ({
    wk: find.linear(`${at}_k`, [nKvHeads * headDim, dim]),
    kNorm: find.get(`${at}_k_norm.weight`, [headDim]),
    wv: find.has(`${at}_v.weight`) ? find.linear(`${at}_v`, [nKvHeads * headDim, dim]) : undefined, // absent: keys are values
  });
  if (l >= nOwn) find.leaveOut(`${at}_k.weight`, `${at}_k_norm.weight`, `${at}_v.weight`);
  return {
    attnNorm: find.get(`${at}_norm.weight`, [dim]),
    wq: find.linear(`${at}_q`, [nHeads * headDim, dim]),
    qNorm: find.get(`${at}_q_norm.weight`, [headDim]),
    own: l < nOwn ? own() : undefined,
    wo: find.linear(`${at}_output`, [dim, nHeads * headDim]),
  };
}
