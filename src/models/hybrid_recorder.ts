import type { Value } from '../graph/graph.ts';
import type { LayerState } from '../graph/layer_state.ts';
import { causalConv } from '../ops/causal_conv.ts';
import { deltaNet } from '../ops/delta_net.ts';
import { gate } from '../ops/gate.ts';
import { matmulExperts } from '../ops/matmul_experts.ts';
import { mixExperts } from '../ops/mix_experts.ts';
import { colsOf } from '../ops/op.ts';
import { reluSquared } from '../ops/relu_squared.ts';
import { gatings, type Gating } from '../graph/routing.ts';
import { route } from '../ops/route.ts';
import { scaleExperts } from '../ops/scale_experts.ts';
import { ssmScan } from '../ops/ssm_scan.ts';
import { swigluClamped } from '../ops/swiglu_clamped.ts';
import { MoreRecorder } from './more_recorder.ts';
import type { Linear } from './recorder.ts';

function rowsOf(state: LayerState): Value {
  if (state.kind === 'rows') return state.rows;
  throw new TypeError(`a recurrent layer takes rows, came ${state.k.name}`);
}

/** A recorder that knows the ops of recurrent layers and of mixtures of experts, too. */
export class HybridRecorder extends MoreRecorder {
  /** `rmsNorm` of groups with weights of their own, `[nGroups, groupCols]`. */
  rmsNormGroups(x: Value, weight: Value, eps: number): Value {
    const [nGroups, groupCols] = weight.shape as [number, number];
    if (nGroups === 1) return this.rmsNorm(x, weight, eps);
    return this.multiply(this.rmsNormPlain(x, groupCols, eps), { ...weight, shape: [nGroups * groupCols] });
  }

  /** `x / sqrt(Σx² + eps) * by` of groups of `groupCols` columns. */
  l2Norm(x: Value, groupCols: number, eps: number, by = 1): Value {
    return this.rmsNorm(x, this.filled(groupCols, by / Math.sqrt(groupCols)), eps / groupCols);
  }

  /** `x / (1 + e^-by)`: a gate for each number, or one for a row. */
  gate(x: Value, by: Value): Value {
    return this.node(gate, [x, by]);
  }

  /** `max(0, x)²`. */
  reluSquared(x: Value): Value {
    return this.node(reluSquared, [x]);
  }

  swigluClamped(gate: Value, up: Value, params: { readonly limit: number; readonly alpha: number }): Value {
    return this.node(swigluClamped, [gate, up], params);
  }

  /** Each column with the rows before it, `[nTokens, cols]`; taps are `[cols, nTaps]`, the state keeps `[nTaps - 1, cols]`. */
  causalConv(x: Value, { taps, bias }: Conv, state: LayerState, then: 'as it is' | 'silu'): Value {
    const tail = rowsOf(state);
    return this.node(causalConv, bias ? [x, taps, tail, bias] : [x, taps, tail], { silu: then === 'silu' ? 1 : 0 });
  }

  /** The gated delta rule; the state is `[nHeads * headDim, headDim]`. */
  deltaNet(x: DeltaInputs, { a, dt }: { readonly a: Value; readonly dt: Value }, state: LayerState): Value {
    const rows = rowsOf(state);
    return this.node(deltaNet, [x.q, x.k, x.v, x.alpha, x.beta, a, dt, rows], { headDim: colsOf(rows) });
  }

  /** Mamba-2's scan; the state is `[nHeads * stateDim, headDim]`. */
  ssmScan(x: ScanInputs, { a, d, dt }: ScanWeights, state: LayerState): Value {
    const rows = rowsOf(state);
    return this.node(ssmScan, [x.x, x.b, x.c, x.delta, a, d, dt, rows], { stateDim: rows.shape[0]! / colsOf(x.delta) });
  }

  /** Chooses experts by scores `[.., nExperts]`: `[.., 2 * nUsed]`, their numbers, then their weights. */
  route(scores: Value, { nUsed, gating, norm, scale, bias }: Routing): Value {
    const params = { nUsed, gating: gatings.indexOf(gating), norm: norm ? 1 : 0, scale };
    return this.node(route, bias ? [scores, bias] : [scores], params);
  }

  /** A product with the matrices of the chosen experts: `[.., nUsed * rows]`. */
  matmulExperts({ w, bias }: Linear, x: Value, chosen: Value): Value {
    return this.node(matmulExperts, bias ? [w, x, chosen, bias] : [w, x, chosen], { nUsed: colsOf(chosen) / 2 });
  }

  /** What experts made, `[.., nUsed * cols]`, times a number of each, `[nExperts]`, and their bias if they have one, `[nExperts, cols]`. */
  scaleExperts(x: Value, chosen: Value, scales: Value, bias?: Value): Value {
    return this.node(scaleExperts, bias ? [x, chosen, scales, bias] : [x, chosen, scales], { nUsed: colsOf(chosen) / 2 });
  }

  /** The weighted sum of what the chosen experts say: `[.., nUsed * cols]` → `[.., cols]`. */
  mixExperts(x: Value, chosen: Value, scales?: Value): Value {
    return this.node(mixExperts, scales ? [x, chosen, scales] : [x, chosen], { nUsed: colsOf(chosen) / 2 });
  }
}

/** The weights of a convolution: taps `[cols, nTaps]`, bias `[cols]`. */
export interface Conv {
  readonly taps: Value;
  readonly bias?: Value | undefined;
}

/** What a token gives the gated delta rule: q and k normed, alpha and beta as their matrices make them. */
export interface DeltaInputs {
  readonly q: Value; // [nTokens, nKeyHeads * headDim]
  readonly k: Value; // [nTokens, nKeyHeads * headDim]
  readonly v: Value; // [nTokens, nHeads * headDim]
  readonly alpha: Value; // [nTokens, nHeads]
  readonly beta: Value; // [nTokens, nHeads]
}

/** What a token gives Mamba-2's scan. */
export interface ScanInputs {
  readonly x: Value; // [nTokens, nHeads * headDim]
  readonly b: Value; // [nTokens, nGroups * stateDim]
  readonly c: Value; // [nTokens, nGroups * stateDim]
  readonly delta: Value; // [nTokens, nHeads]
}

/** Numbers of each head. */
export interface ScanWeights {
  readonly a: Value;
  readonly d: Value;
  readonly dt: Value;
}

/** How experts are chosen. */
export interface Routing {
  readonly nUsed: number;
  readonly gating: Gating;
  /** Whether weights are divided by their sum. */
  readonly norm: boolean;
  /** Multiplies the weights. */
  readonly scale: number;
  /** `[nExperts]`, added for the choice alone. */
  readonly bias?: Value | undefined;
}
