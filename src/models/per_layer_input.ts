import type { Value } from '../graph/graph.ts';
import type { MoreRecorder } from './more_recorder.ts';
import type { WeightFinder } from './weight_finder.ts';

/** Sizes of the embeddings that Gemma 3n and 4 have for each layer and token. */
export interface PerLayerSizes {
  readonly nVocab: number;
  readonly nLayers: number;
  readonly dim: number;
  readonly perLayerDim: number;
  readonly normEps: number;
}

export function perLayerTables(find: WeightFinder, { nVocab, nLayers, dim, perLayerDim }: PerLayerSizes) {
  return {
    table: find.stored('per_layer_token_embd.weight', [nVocab, nLayers * perLayerDim]),
    proj: find.linear('per_layer_model_proj', [nLayers * perLayerDim, dim]),
    norm: find.get('per_layer_proj_norm.weight', [perLayerDim]),
  };
}

export const perLayerInput = (find: WeightFinder, { dim, perLayerDim }: PerLayerSizes, l: number) => ({
  gate: find.linear(`blk.${l}.inp_gate`, [perLayerDim, dim]),
  proj: find.linear(`blk.${l}.proj`, [dim, perLayerDim]),
  norm: find.get(`blk.${l}.post_norm.weight`, [dim]),
});

/** What layers are told of each token besides `x`: a row that only its id decides about, and a projection of its embedding. */
export function perLayerInputs(g: MoreRecorder, c: PerLayerSizes, w: ReturnType<typeof perLayerTables>, x: Value): Value {
  const own = g.scale(g.storedRows(w.table), Math.sqrt(c.perLayerDim)); // [nTokens, nLayers * P]
  const projected = g.rmsNorm(g.scale(g.linear(w.proj, x), c.dim ** -0.5), w.norm, c.normEps);
  return g.scale(g.add(projected, own), 2 ** -0.5);
}
