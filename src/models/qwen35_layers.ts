import type { Metadata } from '../gguf/metadata.ts';
import type { Value } from '../graph/graph.ts';
import { rowsState, type LayerState } from '../graph/layer_state.ts';
import { size } from './decoder_config.ts';
import { checkDivides, checkIs, tapsOf } from './layer_kinds.ts';
import type { HybridRecorder } from './hybrid_recorder.ts';
import { queryKeyNorms, type AttentionShape } from './readers.ts';
import type { WeightFinder } from './weight_finder.ts';
import { flagsOf } from './windows.ts';

/** The two kinds of layers of Qwen 3.5, which its mixtures of experts have, too. */

/** Which layers keep matrices by the gated delta rule: a flag for each, or all but each `full_attention_interval`-th. */
export function deltaLayers(meta: Metadata, arch: string, nLayers: number): boolean[] {
  const flags = flagsOf(meta, `${arch}.attention.recurrent_layers`, nLayers);
  const every = size(meta, `${arch}.full_attention_interval`, 4);
  return flags ? flags.slice(0, nLayers) : Array.from({ length: nLayers }, (_, l) => (l + 1) % every > 0);
}

export interface DeltaShape {
  readonly nTaps: number;
  /** Columns of a head, of keys and of values. */
  readonly deltaDim: number;
  /** Several heads of values share one of keys. */
  readonly nKeyHeads: number;
  readonly nValueHeads: number;
}

export function deltaShape(meta: Metadata, arch: string): DeltaShape {
  const key = (name: string) => `${arch}.ssm.${name}`;
  const shape = {
    nTaps: tapsOf(meta, key('conv_kernel')),
    deltaDim: size(meta, key('state_size')),
    nKeyHeads: size(meta, key('group_count')),
    nValueHeads: size(meta, key('time_step_rank')),
  };
  checkDivides(key('group_count'), shape.nKeyHeads, key('time_step_rank'), shape.nValueHeads);
  checkIs(meta, key('inner_size'), shape.nValueHeads * shape.deltaDim);
  return shape;
}

type Shape = DeltaShape & { readonly dim: number };

const keyDim = (c: DeltaShape): number => c.nKeyHeads * c.deltaDim;
const valueDim = (c: DeltaShape): number => c.nValueHeads * c.deltaDim;
/** Columns that meet the convolution: queries, keys, values. */
const mixedDim = (c: DeltaShape): number => 2 * keyDim(c) + valueDim(c);

type DeltaWeights = ReturnType<typeof deltaWeights>;

export const deltaWeights = (find: WeightFinder, c: Shape, l: number) => ({
  qkv: find.linear(`blk.${l}.attn_qkv`, [mixedDim(c), c.dim]),
  z: find.linear(`blk.${l}.attn_gate`, [valueDim(c), c.dim]),
  conv: { taps: find.get(`blk.${l}.ssm_conv1d.weight`, [mixedDim(c), c.nTaps]) },
  alpha: find.linear(`blk.${l}.ssm_alpha`, [c.nValueHeads, c.dim]),
  beta: find.linear(`blk.${l}.ssm_beta`, [c.nValueHeads, c.dim]),
  heads: { a: find.get(`blk.${l}.ssm_a`, [c.nValueHeads]), dt: find.get(`blk.${l}.ssm_dt.bias`, [c.nValueHeads]) },
  norm: find.get(`blk.${l}.ssm_norm.weight`, [c.deltaDim]),
  out: find.linear(`blk.${l}.ssm_out`, [c.dim, valueDim(c)]),
});

/** The tail of the convolution, and a matrix for each head of values. */
export const deltaStates = (l: number, c: DeltaShape): LayerState[] => [
  rowsState(l, c.nTaps - 1, mixedDim(c), 'conv'),
  rowsState(l, valueDim(c), c.deltaDim, 'delta'),
];

/** Takes its states in the order of `deltaStates`. */
export function deltaNet(g: HybridRecorder, c: Shape & { readonly normEps: number }, w: DeltaWeights, h: Value, next: () => LayerState): Value {
  const { deltaDim, normEps } = c;
  const mixed = g.causalConv(g.linear(w.qkv, h), w.conv, next(), 'silu'); // [nTokens, mixedDim]
  const q = g.l2Norm(g.columns(mixed, 0, keyDim(c)), deltaDim, normEps, deltaDim ** -0.5); // [nTokens, nKeyHeads * deltaDim]
  const k = g.l2Norm(g.columns(mixed, keyDim(c), keyDim(c)), deltaDim, normEps); // [nTokens, nKeyHeads * deltaDim]
  const v = g.columns(mixed, 2 * keyDim(c), valueDim(c)); // [nTokens, nValueHeads * deltaDim]
  const [alpha, beta] = [g.linear(w.alpha, h), g.linear(w.beta, h)]; // [nTokens, nValueHeads]
  const z = g.linear(w.z, h); // [nTokens, nValueHeads * deltaDim]
  const y = g.deltaNet({ q, k, v, alpha, beta }, w.heads, next()); // [nTokens, nValueHeads * deltaDim]
  return g.linear(w.out, g.swiglu(z, g.rmsNorm(y, w.norm, normEps))); // [nTokens, dim]
}

type GatedAttentionWeights = ReturnType<typeof gatedAttentionWeights>;

export const gatedAttentionWeights = (find: WeightFinder, c: AttentionShape, l: number) => ({
  wq: find.linear(`blk.${l}.attn_q`, [2 * c.nHeads * c.headDim, c.dim]), // a gate behind each head
  wk: find.linear(`blk.${l}.attn_k`, [c.nKvHeads * c.headDim, c.dim]),
  wv: find.linear(`blk.${l}.attn_v`, [c.nKvHeads * c.headDim, c.dim]),
  wo: find.linear(`blk.${l}.attn_output`, [c.dim, c.nHeads * c.headDim]),
  ...queryKeyNorms(find, c, l),
});

interface Turning {
  readonly angles: Value;
  readonly state: LayerState;
}

/** Attention that lets through of each head what a gate says. */
export function gatedAttention(
  g: HybridRecorder,
  { headDim, normEps }: AttentionShape & { readonly normEps: number },
  w: GatedAttentionWeights,
  h: Value,
  { angles, state }: Turning,
): Value {
  const heads = { headDim, style: 'neox' } as const;
  const both = g.linear(w.wq, h); // [nTokens, nHeads * 2 * headDim]
  const q = g.rope(g.rmsNorm(g.columns(both, 0, headDim, 2 * headDim), w.qNorm, normEps), angles, heads); // [nTokens, nHeads * headDim]
  const k = g.rope(g.rmsNorm(g.linear(w.wk, h), w.kNorm, normEps), angles, heads); // [nTokens, nKvHeads * headDim]
  const v = g.linear(w.wv, h); // [nTokens, nKvHeads * headDim]
  const a = g.attention(q, k, v, state, { headDim, scale: headDim ** -0.5 });
  return g.linear(w.wo, g.gate(a, g.columns(both, headDim, headDim, 2 * headDim))); // [nTokens, dim]
}
