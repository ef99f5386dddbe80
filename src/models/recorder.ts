import type { Graph, GraphLimits, Node, Op, Params, Shape, Value } from '../graph/graph.ts';
import type { LayerState } from '../graph/layer_state.ts';
import { add } from '../ops/add.ts';
import { attention, checkPositions } from '../ops/attention.ts';
import { embed } from '../ops/embed.ts';
import { kvStore } from '../ops/kv_store.ts';
import { lastRows } from '../ops/last_rows.ts';
import { matmul } from '../ops/matmul.ts';
import { rmsNorm } from '../ops/rms_norm.ts';
import { rope } from '../ops/rope.ts';
import { ropeAngles } from '../ops/rope_angles.ts';
import { ropeTurns, type RopeConfig } from '../ops/rope_frequencies.ts';
import { swiglu } from '../ops/swiglu.ts';
import { quantByName } from '../quants/index.ts';

const f32 = quantByName.get('f32')!;

/** The inputs that a node of this op changes. */
const statesOf = ({ outInput, changes = [] }: Op): readonly number[] =>
  outInput === undefined ? changes : [outInput, ...changes];

/** Records nodes; each method is one op (or, for attention, the two that belong together). */
export class Recorder {
  readonly limits: GraphLimits;
  readonly nodes: Node[] = [];

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
    return this.node(ropeAngles, [
      { name: 'rope_turns', quant: f32, shape: [3, data.length / 3], role: 'constant', data },
    ]);
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

  /** A projection, with its bias if it has one. */
  linear({ w, bias }: Linear, x: Value): Value {
    return this.matmul(w, x, bias);
  }

  add(a: Value, b: Value): Value {
    return this.node(add, [a, b]);
  }

  /** `silu(gate) * up`. */
  swiglu(gate: Value, up: Value): Value {
    return this.node(swiglu, [gate, up]);
  }

  /** Rotates the first columns of each head by the angles of its position, which `ropeAngles()` gives. */
  rope(x: Value, angles: Value, params: { headDim: number; style: 'norm' | 'neox' }): Value {
    return this.node(rope, [x, angles], { headDim: params.headDim, neox: params.style === 'neox' ? 1 : 0 });
  }

  /** Writes this step's keys and values to the cache, then attends over the positions that a token sees (causal). */
  attention(q: Value, k: Value, v: Value, state: LayerState, { headDim, scale }: AttentionParams): Value {
    if (state.kind === 'rows') throw new TypeError(`attention takes keys and values, came ${state.rows.name}`);
    this.node(kvStore, [k, state.k], { headDim });
    this.node(kvStore, [v, state.v], { headDim });
    const window = Number.isFinite(state.window) ? state.window : 0;
    for (const cache of [state.k, state.v]) checkPositions(cache, window, this.limits);
    return this.node(attention, [q, state.k, state.v], { headDim, scale, window });
  }

  /** Keeps the rows whose logits were asked for: `[nTokens, dim]` → `[nLogits, dim]`. */
  lastRows(x: Value): Value {
    return this.node(lastRows, [x]);
  }

  finish(logits: Value): Graph {
    return { ...this.limits, nodes: this.nodes, logits };
  }
}

/** The weights of a projection. */
export interface Linear {
  readonly w: Value; // [rows, cols]
  readonly bias?: Value; // [rows]
}

export interface AttentionParams {
  readonly headDim: number;
  /** Multiplies `q · k`, usually `headDim ** -0.5`. */
  readonly scale: number;
}
