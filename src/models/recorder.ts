import type { Graph, GraphLimits, Node, Op, Params, Shape, StoredRows, Value } from '../graph/graph.ts';
import type { KvCache, LayerState } from '../graph/layer_state.ts';
import { add } from '../ops/add.ts';
import { attention, checkPositions } from '../ops/attention.ts';
import { embed } from '../ops/embed.ts';
import { geglu } from '../ops/geglu.ts';
import { kvStore } from '../ops/kv_store.ts';
import { lastRows } from '../ops/last_rows.ts';
import { matmul } from '../ops/matmul.ts';
import { pool, poolKinds } from '../ops/pool.ts';
import { rmsNorm } from '../ops/rms_norm.ts';
import { rope } from '../ops/rope.ts';
import { ropeAngles } from '../ops/rope_angles.ts';
import { ropeTurns, type RopeConfig } from '../ops/rope_frequencies.ts';
import { scale } from '../ops/scale.ts';
import { softcap } from '../ops/softcap.ts';
import { swiglu } from '../ops/swiglu.ts';
import type { Pooling } from './pooling.ts';
import { quantByName } from '../quants/index.ts';

export const f32 = quantByName.get('f32')!;

/** The inputs that a node of this op changes. */
const statesOf = ({ outInput, changes = [] }: Op): readonly number[] =>
  outInput === undefined ? changes : [outInput, ...changes];

export const constant = (name: string, shape: readonly [rows: number, cols: number], data: Float32Array): Value => ({
  name,
  quant: f32,
  shape,
  role: 'constant',
  data,
});

function keysAndValues(state: LayerState): KvCache {
  if (state.kind === 'rows') throw new TypeError(`attention takes keys and values, came ${state.rows.name}`);
  return state;
}

/** Records nodes; each method is one op (or, for attention, the two that belong together). Ops of few families: `MoreRecorder`. */
export class Recorder {
  readonly limits: GraphLimits;
  readonly nodes: Node[] = [];
  protected readonly stored: StoredRows[] = [];

  constructor(limits: GraphLimits) {
    this.limits = limits;
  }

  /** Appends a node after the op's shape rule has accepted its inputs; the only place where recording throws. */
  node(op: Op, inputs: readonly Value[], params: Params = {}): Value {
    const shape = op.shape(inputs, params);
    const fixed = statesOf(op).find((i) => inputs[i]!.role !== 'state');
    if (fixed !== undefined) throw new TypeError(`${op.name} changes ${inputs[fixed]!.name}, which is no state`);
    const out = op.outInput === undefined ? this.activation(op, shape) : inputs[op.outInput]!;
    this.nodes.push({ op, out, inputs, params });
    return out;
  }

  private activation(op: Op, { rows, cols }: Shape): Value {
    const maxRows = rows === 'tokens' ? this.limits.maxTokens : this.limits.maxLogits;
    return { name: `${op.name}.${this.nodes.length}`, quant: f32, shape: [maxRows, cols], role: 'activation', rows };
  }

  /** Cosines and sines of the step's positions, `[nTokens, ropeDim]`: one node, however many layers turn by them. */
  ropeAngles(config: RopeConfig): Value {
    const data = ropeTurns(config, this.limits.nCtx);
    const isSame = ({ op, inputs }: Node) => op === ropeAngles && String(inputs[0]!.data) === String(data);
    const known = this.nodes.find(isSame);
    if (known) return known.out;
    return this.node(ropeAngles, [constant('rope_turns', [3, data.length / 3], data)]);
  }

  /** Rows of the token table: `[nTokens, dim]`. */
  embed(table: Value): Value {
    return this.node(embed, [table]);
  }

  /** `x / sqrt(mean(x²) + eps) * weight`, over groups of the weight's length: whole rows, or heads. */
  rmsNorm(x: Value, weight: Value, eps: number): Value {
    return this.node(rmsNorm, [x, weight], { eps });
  }

  /** `x · wᵀ (+ bias)`: `w` is `[rows, cols]`, the result `[nTokens, rows]`. */
  matmul(w: Value, x: Value, bias?: Value): Value {
    return this.node(matmul, bias ? [w, x, bias] : [w, x]);
  }

  /** A projection, with its factor and its bias if it has them. */
  linear({ w, bias, scale: by }: Linear, x: Value): Value {
    if (by === undefined) return this.matmul(w, x, bias);
    return this.node(scale, bias ? [this.matmul(w, x), bias] : [this.matmul(w, x)], { by });
  }

  /** What layer `l` hands on, `[nTokens, dim]`: where control vectors are added. */
  layerOut(x: Value, _l: number): Value {
    return x;
  }

  /** `x * by`. */
  scale(x: Value, by: number): Value {
    return by === 1 ? x : this.node(scale, [x], { by });
  }

  /** `cap * tanh(x / cap)`; 0: no cap. */
  softcap(x: Value, cap: number): Value {
    return cap === 0 ? x : this.node(softcap, [x], { cap });
  }

  add(a: Value, b: Value): Value {
    return this.node(add, [a, b]);
  }

  /** `silu(gate) * up`. */
  swiglu(gate: Value, up: Value): Value {
    return this.node(swiglu, [gate, up]);
  }

  /** `gelu(gate) * up`. */
  geglu(gate: Value, up: Value): Value {
    return this.node(geglu, [gate, up]);
  }

  /** Rotates the first columns of each head by the angles of its position, which `ropeAngles()` gives. */
  rope(x: Value, angles: Value, params: { headDim: number; style: 'norm' | 'neox' }): Value {
    return this.node(rope, [x, angles], { headDim: params.headDim, neox: params.style === 'neox' ? 1 : 0 });
  }

  /** Writes this step's keys and values to the cache, then attends over the positions that a token sees (causal). */
  attention(q: Value, k: Value, v: Value, state: LayerState, params: AttentionParams): Value {
    const { headDim } = params;
    const cache = keysAndValues(state);
    this.node(kvStore, [k, cache.k], { headDim });
    this.node(kvStore, [v, cache.v], { headDim });
    return this.attend(q, cache, params);
  }

  /** Attends over what a cache holds, which another layer may have written. */
  attend(q: Value, state: LayerState, { headDim, scale, cap = 0, ahead = 0, alibi = 0, sinks }: AttentionParams): Value {
    const { k, v, window: seen } = keysAndValues(state);
    const window = Number.isFinite(seen) ? seen : 0;
    for (const cache of [k, v]) checkPositions(cache, window, this.limits);
    return this.node(attention, sinks ? [q, k, v, sinks] : [q, k, v], { headDim, scale, window, cap, ahead, alibi });
  }

  /** What becomes of a text's rows: `[nTokens, dim]` → `[nLogits, dim]`. */
  pool(x: Value, pooling: Exclude<Pooling, 'rank'>): Value {
    return pooling === 'none' ? this.lastRows(x) : this.node(pool, [x], { which: poolKinds.indexOf(pooling) });
  }

  /** Keeps the rows whose logits were asked for: `[nTokens, dim]` → `[nLogits, dim]`. */
  lastRows(x: Value): Value {
    return this.node(lastRows, [x]);
  }

  finish(logits: Value): Graph {
    return { ...this.limits, nodes: this.nodes, stored: this.stored, logits };
  }
}

/** The weights of a projection. */
export interface Linear {
  readonly w: Value; // [rows, cols]
  readonly bias?: Value | undefined; // [rows]
  /** Multiplies the product before the bias is added. */
  readonly scale?: number | undefined;
}

export interface AttentionParams {
  readonly headDim: number;
  /** Multiplies `q · k`, usually `headDim ** -0.5`. */
  readonly scale: number;
  /** Scores become `cap * tanh(score / cap)`; absent or 0: no cap. */
  readonly cap?: number;
  /** Positions behind its own that a token sees, of those in its step; absent: 0. */
  readonly ahead?: number;
  /** How much scores fall with the distance; absent or 0: not at all. */
  readonly alibi?: number;
  /** `[nHeads]` scores of nothing: they take their part of the softmax and give no value. */
  readonly sinks?: Value | undefined;
}
