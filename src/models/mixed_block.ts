import type { Value } from '../graph/graph.ts';
import { expertWeights, mixed, type Experts } from './experts.ts';
import type { Mixture } from './mixture.ts';
import type { HybridRecorder } from './hybrid_recorder.ts';
import { gatedFfn } from './readers.ts';
import type { WeightFinder } from './weight_finder.ts';

/** Sizes of feed-forward blocks that are experts in some files, or some layers. */
export interface Sizes {
  readonly dim: number;
  readonly ffnDim: number;
  readonly mixture?: Mixture | undefined;
}

export type Block = { readonly experts: Experts } | { readonly experts?: undefined; readonly dense: ReturnType<typeof gatedFfn> };

/** Weights of layer `l`'s feed-forward block, of either kind. */
export const blockWeights = (find: WeightFinder, { dim, ffnDim, mixture }: Sizes, l: number): Block =>
  mixture && l >= mixture.nDense ? { experts: expertWeights(find, { dim, mixture }, l) } : { dense: gatedFfn(find, { dim, ffnDim }, l) };

/** What it makes of `x[nTokens, dim]`: `[nTokens, dim]`. */
export function block(g: HybridRecorder, { mixture }: Sizes, w: Block, x: Value): Value {
  if (w.experts) return mixed(g, mixture!, w.experts, x);
  return g.linear(w.dense.down, g.swiglu(g.linear(w.dense.gate, x), g.linear(w.dense.up, x)));
}
