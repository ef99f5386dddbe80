import { FormatError } from '../base/errors.ts';
import type { Value } from '../graph/graph.ts';
import { expertStacks, mix } from './experts.ts';
import type { Mixture } from './mixture.ts';
import type { HybridRecorder } from './hybrid_recorder.ts';
import { constant } from './recorder.ts';
import type { WeightFinder } from './weight_finder.ts';

interface Sizes {
  readonly dim: number;
  readonly normEps: number;
  readonly mixture: Mixture | undefined;
}

/** Weights of the experts that stand beside layer `l`'s dense block in Gemma 4's mixtures, with norms of their own for each of the two. */
export function expertsBeside(find: WeightFinder, { dim, mixture }: Sizes, l: number) {
  if (!mixture) return undefined;
  const at = `blk.${l}.`;
  const norm = (name: string): Value => find.get(`${at}${name}.weight`, [dim]);
  return {
    router: find.get(`${at}ffn_gate_inp.weight`, [mixture.nExperts, dim]),
    routerNorm: constant(`${at}router norm`, [1, dim], routerScale(find, `${at}ffn_gate_inp.scale`, dim)),
    norm: norm('pre_ffw_norm_2'),
    ...expertStacks(find, { dim, mixture }, l),
    postNorm: norm('post_ffw_norm_2'),
    densePostNorm: norm('post_ffw_norm_1'),
  };
}

/** The router's norm has no weight; a factor of its own for each column stands behind it. */
function routerScale(find: WeightFinder, name: string, dim: number): Float32Array {
  const factors = find.numbers(name, [dim]);
  if (!factors) throw new FormatError(`the file has no tensor ${name}, which its router needs; incomplete file?`);
  return factors.map((factor) => factor * dim ** -0.5);
}

/** What experts and the dense block say together of the residual stream `x[nTokens, dim]`: `[nTokens, dim]`. */
export function mixedBeside(g: HybridRecorder, c: Sizes, w: NonNullable<ReturnType<typeof expertsBeside>>, x: Value, dense: Value): Value {
  const norm = (of: Value, weight: Value): Value => g.rmsNorm(of, weight, c.normEps);
  const scores = g.linear({ w: w.router }, norm(x, w.routerNorm)); // [nTokens, nExperts]
  const said = mix(g, c.mixture!, w, norm(x, w.norm), scores); // [nTokens, dim]
  return g.add(norm(dense, w.densePostNorm), norm(said, w.postNorm));
}
