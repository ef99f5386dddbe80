import type { Value } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { LayerState } from '../graph/layer_state.ts';
import { causalConv } from '../ops/causal_conv.ts';
import { columns } from '../ops/columns.ts';
import { combine } from '../ops/combine.ts';
import { deltaNet } from '../ops/delta_net.ts';
import { gate } from '../ops/gate.ts';
import { gelu } from '../ops/gelu.ts';
import { layerNorm } from '../ops/layer_norm.ts';
import { matchSize } from '../ops/match_size.ts';
import { matmulExperts } from '../ops/matmul_experts.ts';
import { mixExperts } from '../ops/mix_experts.ts';
import { multiply } from '../ops/multiply.ts';
import { colsOf } from '../ops/op.ts';
import { positionRows } from '../ops/position_rows.ts';
import { reluSquared } from '../ops/relu_squared.ts';
import { gatings, route, type Gating } from '../ops/route.ts';
import { scale } from '../ops/scale.ts';
import { scaleExperts } from '../ops/scale_experts.ts';
import { sparsify } from '../ops/sparsify.ts';
import { ssmScan } from '../ops/ssm_scan.ts';
import { swigluClamped } from '../ops/swiglu_clamped.ts';
import { temper } from '../ops/temper.ts';
import { constant, f32, Recorder, type Linear } from './recorder.ts';

function rowsOf(state: LayerState): Value {
  if (state.kind === 'rows') return state.rows;
  throw new TypeError(`a recurrent layer takes rows, came ${state.k.name}`);
}

/** A recorder that knows the ops of few families, too; it loads with those. */
export class MoreRecorder extends Recorder {
  /** Rows of a table that stays in storage: `[nTokens, cols]`. */
  storedRows(table: Tensor): Value {
    const cols = table.shape[1]!;
    const into = { name: `rows of ${table.name}`, quant: f32, shape: [this.limits.maxTokens, cols], role: 'state' } as const;
    this.stored.push({ table, into });
    return this.columns(into, 0, cols);
  }

  /** Columns `first … first + nCols - 1` of each row, or of each group of `groupCols`. */
  columns(x: Value, first: number, nCols: number, groupCols = colsOf(x)): Value {
    return this.node(columns, [x], { first, nCols, groupCols });
  }

  /** `rmsNorm` of groups of `groupCols` columns, without a weight. */
  rmsNormPlain(x: Value, groupCols: number, eps: number): Value {
    return this.rmsNorm(x, this.filled(groupCols, 1), eps);
  }

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

  /** A row of the same number everywhere. */
  private filled(n: number, number: number): Value {
    const name = `all ${number}`;
    const known = this.nodes.flatMap(({ inputs }) => inputs).find((input) => input.name === name && input.shape[1] === n);
    return known ?? constant(name, [1, n], new Float32Array(n).fill(number));
  }

  /** Multiplies the rows at positions `every * i` and on by `factors[i]`. */
  temper(x: Value, factors: Float32Array, every: number): Value {
    return this.node(temper, [x, constant('factors', [1, factors.length], factors)], { every });
  }

  /** `(x - mean) / sqrt(variance + eps) * weight (+ bias)`, row by row. */
  layerNorm(x: Value, { weight, bias }: LayerNorm, eps: number): Value {
    return this.node(layerNorm, bias ? [x, weight, bias] : [x, weight], { eps });
  }

  gelu(x: Value): Value {
    return this.node(gelu, [x]);
  }

  /** Adds the same row to all. */
  addRow(x: Value, row: Float32Array): Value {
    return this.node(scale, [x, constant('row', [1, row.length], row)], { by: 1 });
  }

  /** Rows of a table `[nPositions, cols]` by the tokens' positions: `[nTokens, cols]`. */
  positionRows(table: Float32Array, cols: number): Value {
    return this.node(positionRows, [constant('positions', [table.length / cols, cols], table)]);
  }

  /** `x`, its rows as long as those of `other`. */
  matchSize(x: Value, other: Value): Value {
    return this.node(matchSize, [x, other]);
  }

  /** `Σⱼ coefs[first + j] * xs[j]`, with coefficients of each token's own. */
  combine(coefs: Value, first: number, xs: readonly Value[]): Value {
    return this.node(combine, [coefs, ...xs], { first });
  }

  /** `x * weight`, column by column; the weight may be another row for each row. */
  multiply(x: Value, weight: Value): Value {
    return this.node(multiply, [x, weight]);
  }

  /** What of a row lies above its mean and so many standard deviations; 0: all of it as it is. */
  sparsify(x: Value, deviations: number): Value {
    return deviations === 0 ? x : this.node(sparsify, [x], { deviations });
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

/** The weights of a layer norm, `[cols]` each. */
export interface LayerNorm {
  readonly weight: Value;
  readonly bias?: Value | undefined;
}
