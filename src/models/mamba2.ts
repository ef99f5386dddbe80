import type { Metadata } from '../gguf/metadata.ts';
import type { Value } from '../graph/graph.ts';
import { rowsState, type LayerState } from '../graph/layer_state.ts';
import { size } from './decoder_config.ts';
import { checkDivides, tapsOf } from './layer_kinds.ts';
import type { HybridRecorder } from './hybrid_recorder.ts';
import type { WeightFinder } from './weight_finder.ts';

/** Mamba-2's block (Dao & Gu 2024, arXiv:2405.21060), as several families of hybrids have it. */

export interface Mamba2Shape {
  readonly nTaps: number;
  /** `nSsmHeads * ssmHeadDim` */
  readonly innerDim: number;
  readonly stateDim: number;
  readonly nSsmHeads: number;
  /** Heads of a group share what they take in and how they read. */
  readonly nGroups: number;
}

export function mamba2Shape(meta: Metadata, arch: string): Mamba2Shape {
  const key = (name: string) => `${arch}.ssm.${name}`;
  const shape = {
    nTaps: tapsOf(meta, key('conv_kernel')),
    innerDim: size(meta, key('inner_size')),
    stateDim: size(meta, key('state_size')),
    nSsmHeads: size(meta, key('time_step_rank')),
    nGroups: size(meta, key('group_count')),
  };
  checkDivides(key('time_step_rank'), shape.nSsmHeads, key('inner_size'), shape.innerDim);
  checkDivides(key('group_count'), shape.nGroups, key('time_step_rank'), shape.nSsmHeads);
  return shape;
}

type Shape = Mamba2Shape & { readonly dim: number };

/** Columns that meet the convolution: x, then b and c of each group. */
const mixedDim = (c: Mamba2Shape): number => c.innerDim + 2 * c.nGroups * c.stateDim;

export type Mamba2Weights = ReturnType<typeof mamba2Weights>;

export const mamba2Weights = (find: WeightFinder, c: Shape, l: number) => ({
  ssmIn: find.linear(`blk.${l}.ssm_in`, [c.innerDim + mixedDim(c) + c.nSsmHeads, c.dim]),
  conv: {
    taps: find.get(`blk.${l}.ssm_conv1d.weight`, [mixedDim(c), c.nTaps]),
    bias: find.optional(`blk.${l}.ssm_conv1d.bias`, [mixedDim(c)]),
  },
  heads: {
    a: find.get(`blk.${l}.ssm_a`, [c.nSsmHeads, 1]),
    d: find.get(`blk.${l}.ssm_d`, [c.nSsmHeads, 1]),
    dt: find.get(`blk.${l}.ssm_dt.bias`, [c.nSsmHeads]),
  },
  ssmNorm: find.optional(`blk.${l}.ssm_norm.weight`, [c.nGroups, c.innerDim / c.nGroups]),
  ssmOut: find.linear(`blk.${l}.ssm_out`, [c.dim, c.innerDim]),
});

/** The tail of the convolution, and a matrix for each head. */
export const mamba2States = (l: number, c: Mamba2Shape): LayerState[] => [
  rowsState(l, c.nTaps - 1, mixedDim(c), 'conv'),
  rowsState(l, c.nSsmHeads * c.stateDim, c.innerDim / c.nSsmHeads, 'ssm'),
];

/** The config of a family with such blocks. */
type Config = Shape & { readonly normEps: number };

/** What the block makes of normed rows, `[nTokens, dim]` → `[nTokens, dim]`; takes its states in the order of `mamba2States`. */
export function mamba2(g: HybridRecorder, c: Config, w: Mamba2Weights, h: Value, next: () => LayerState): Value {
  const { innerDim, nSsmHeads } = c;
  const groupCols = c.nGroups * c.stateDim;
  const all = g.linear(w.ssmIn, h); // [nTokens, innerDim + mixedDim + nSsmHeads]
  const z = g.columns(all, 0, innerDim); // [nTokens, innerDim]
  const mixed = g.causalConv(g.columns(all, innerDim, mixedDim(c)), w.conv, next(), 'silu'); // [nTokens, mixedDim]
  const x = g.columns(mixed, 0, innerDim); // [nTokens, innerDim]
  const b = g.columns(mixed, innerDim, groupCols); // [nTokens, nGroups * stateDim]
  const read = g.columns(mixed, innerDim + groupCols, groupCols); // [nTokens, nGroups * stateDim]
  const delta = g.columns(all, innerDim + mixedDim(c), nSsmHeads); // [nTokens, nSsmHeads]
  const y = g.ssmScan({ x, b, c: read, delta }, w.heads, next()); // [nTokens, innerDim]
  const gated = g.swiglu(z, y); // [nTokens, innerDim]
  return g.linear(w.ssmOut, w.ssmNorm ? g.rmsNormGroups(gated, w.ssmNorm, c.normEps) : gated); // [nTokens, dim]
}
