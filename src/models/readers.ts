
import type { Linear } from './recorder.ts';
import type { WeightFinder } from './weight_finder.ts';

/**
 * Readers of the weights that decoder families spell alike in their files. A family takes the readers that fit it and spells
 * the rest itself. Sizes are arguments, so they may differ from layer to layer.
 */

/** A value for each layer. */
export const perLayer = <T>({ nLayers }: { readonly nLayers: number }, of: (l: number) => T): T[] =>
  Array.from({ length: nLayers }, (_, l) => of(l));

/** The token table, the last norm, and the output, which is the table again where the file has no other. */
export function tableWeights(find: WeightFinder, { nVocab, dim }: { nVocab: number; dim: number }) {
  const embed = find.get('token_embd.weight', [nVocab, dim]);
  const w = find.optional('output.weight', [nVocab, dim]) ?? embed;
  const output: Linear = { w, scale: find.numbers('output.scale', [1])?.[0] };
  return { embed, norm: find.get('output_norm.weight', [dim]), output };
}

export interface AttentionShape {
  readonly dim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headDim: number;
}

/** Norm and projections of layer `l`'s attention, with the biases that the file has. */
export const attentionWeights = (find: WeightFinder, c: AttentionShape, l: number) => ({
  attnNorm: find.get(`blk.${l}.attn_norm.weight`, [c.dim]),
  ...projections(find, c, l),
});

/** The projections alone. */
export function projections(find: WeightFinder, { dim, nHeads, nKvHeads, headDim }: AttentionShape, l: number) {
  return {
    wq: find.linear(`blk.${l}.attn_q`, [nHeads * headDim, dim]),
    wk: find.linear(`blk.${l}.attn_k`, [nKvHeads * headDim, dim]),
    wv: find.linear(`blk.${l}.attn_v`, [nKvHeads * headDim, dim]),
    wo: find.linear(`blk.${l}.attn_output`, [dim, nHeads * headDim]),
  };
}

/** Weights of the norms of queries and keys: over each head, unless a family gives other widths. */
export const queryKeyNorms = (find: WeightFinder, { headDim }: AttentionShape, l: number) => ({
  qNorm: find.get(`blk.${l}.attn_q_norm.weight`, [headDim]),
  kNorm: find.get(`blk.${l}.attn_k_norm.weight`, [headDim]),
});

/** Weights of the norms behind attention and behind the feed-forward block. */
export const postNorms = (find: WeightFinder, { dim }: { dim: number }, l: number) => ({
  attnPostNorm: find.get(`blk.${l}.post_attention_norm.weight`, [dim]),
  ffnPostNorm: find.get(`blk.${l}.post_ffw_norm.weight`, [dim]),
});

/** Norm and projections of layer `l`'s gated feed-forward block, with the biases that the file has. */
export const ffnWeights = (find: WeightFinder, c: FfnShape, l: number) => ({
  ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
  ...gatedFfn(find, c, l),
});

export interface FfnShape {
  readonly dim: number;
  readonly ffnDim: number;
}

/** Its projections alone. */
export function gatedFfn(find: WeightFinder, { dim, ffnDim }: FfnShape, l: number) {
  return {
    gate: find.linear(`blk.${l}.ffn_gate`, [ffnDim, dim]),
    up: find.linear(`blk.${l}.ffn_up`, [ffnDim, dim]),
    down: find.linear(`blk.${l}.ffn_down`, [dim, ffnDim]),
  };
}
