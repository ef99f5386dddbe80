import { ops, type Op, type OpName } from './ops/index.ts';
import { ropeTable, type RopeConfig } from './ops/rope_table.ts';
import type { LayerState } from './layer_state.ts';
import { quantByName } from './quants/index.ts';
import type { Tensor } from './tensor.ts';

/**
 * What an architecture records: a flat list of nodes in execution order, plain data. A graph is recorded once per
 * model, shared by its sessions, and run for every step: its row counts are symbolic, and a step says how many there are this time.
 */

/** Rows that only a step knows: one per token of the step, or one per token whose logits were asked for. */
export type Rows = 'tokens' | 'logits';

/** One operand of a node. Weights come from the file, states outlive a step, constants are computed while recording. */
export interface Value extends Tensor {
  readonly role: 'weight' | 'state' | 'constant' | 'activation';
  /** Activations only: what their first dimension counts; `shape[0]` is the most there can be. */
  readonly rows?: Rows;
  /** Constants only: `[rows, cols]` row-major. */
  readonly data?: Float32Array;
}

/** Numbers that go with a node, by the names the op's `scalars` lists. */
export type Params = Readonly<Record<string, number>>;

/** One use of an op. */
export interface Node {
  readonly op: OpName;
  readonly out: Value;
  readonly inputs: readonly Value[];
  readonly params: Params;
}

/** What changes from run to run. */
export interface Step {
  /** `[nTokens]` token ids, at positions `pos … pos + nTokens - 1`. */
  readonly tokens: Int32Array;
  /** Absolute position of the first token; the KV cache holds `pos` positions before the step. */
  readonly pos: number;
  /** How many of the last tokens get logits, 0 … nTokens. */
  readonly nLogits: number;
}

export interface GraphLimits {
  /** Positions a session holds. */
  readonly nCtx: number;
  /** Most tokens in one step. */
  readonly maxTokens: number;
  /** Most logits rows in one step. */
  readonly maxLogits: number;
}

export interface Graph extends GraphLimits {
  readonly nodes: readonly Node[];
  /** `[nLogits, nVocab]`, the last node's output. */
  readonly logits: Value;
}

const f32 = quantByName.get('f32')!;

/** A weight as a node's input. */
export const weight = (tensor: Tensor): Value => ({ ...tensor, role: 'weight' });

/** Records nodes; each method is one op (or, for attention, the two that belong together). */
export class Recorder {
  readonly limits: GraphLimits;
  readonly nodes: Node[] = [];

  constructor(limits: GraphLimits) {
    this.limits = limits;
  }

  /** Appends a node after the op's shape rule has accepted its inputs; the only place where recording throws. */
  node(op: OpName, inputs: readonly Value[], params: Params = {}): Value {
    const { rows, cols } = (ops[op] as Op).shape(inputs, params);
    const maxRows = rows === 'tokens' ? this.limits.maxTokens : this.limits.maxLogits;
    const name = `${op}.${this.nodes.length}`;
    const out: Value = { name, quant: f32, shape: [maxRows, cols], role: 'activation', rows };
    this.nodes.push({ op, out, inputs, params });
    return out;
  }

  /** Cosines and sines of every position, `[nCtx, ropeDim]`, computed once while recording. */
  ropeTable(config: RopeConfig): Value {
    const { nCtx } = this.limits;
    const data = ropeTable(nCtx, config);
    return { name: 'rope_table', quant: f32, shape: [nCtx, config.ropeDim], role: 'constant', data };
  }

  /** Rows of the token table: `[nTokens, dim]`. */
  embed(table: Value): Value {
    return this.node('embed', [table]);
  }

  /** `x / sqrt(mean(x²) + eps) * weight`, over groups of the weight's length: whole rows, or heads. */
  rmsNorm(x: Value, weight: Value, eps: number): Value {
    return this.node('rms_norm', [x, weight], { eps });
  }

  /** `x · wᵀ (+ bias)`: `w` is `[rows, cols]`, the result `[nTokens, rows]`. */
  matmul(w: Value, x: Value, bias?: Value): Value {
    return this.node('matmul', bias ? [w, x, bias] : [w, x]);
  }

  add(a: Value, b: Value): Value {
    return this.node('add', [a, b]);
  }

  /** `silu(gate) * up`. */
  swiglu(gate: Value, up: Value): Value {
    return this.node('swiglu', [gate, up]);
  }

  /** Rotates the first columns of each head by the angles of its position; `table` from `ropeTable()`. */
  rope(x: Value, table: Value, params: { headDim: number; style: 'norm' | 'neox' }): Value {
    return this.node('rope', [x, table], { headDim: params.headDim, neox: params.style === 'neox' ? 1 : 0 });
  }

  /** Writes this step's keys and values to the cache, then attends over the positions that it lets each token see (causal). */
  attention(q: Value, k: Value, v: Value, state: LayerState, { headDim, scale }: AttentionParams): Value {
    if (state.kind === 'rows') throw new TypeError(`attention reads keys and values, the layer's state is ${state.rows.name}`);
    this.store(k, state.k);
    this.store(v, state.v);
    const window = Number.isFinite(state.window) ? state.window : 0;
    return this.node('attention', [q, state.k, state.v], { headDim, scale, window });
  }

  /** Appends `x[nTokens, kvDim]` to a state; the one node whose output is not a new activation. */
  private store(x: Value, state: Value): void {
    ops.kv_store.shape([x, state], {});
    this.nodes.push({ op: 'kv_store', out: state, inputs: [x, state], params: {} });
  }

  /** Keeps the rows whose logits were asked for: `[nTokens, dim]` → `[nLogits, dim]`. */
  lastRows(x: Value): Value {
    return this.node('last_rows', [x]);
  }

  finish(logits: Value): Graph {
    return { ...this.limits, nodes: this.nodes, logits };
  }
}

export interface AttentionParams {
  readonly headDim: number;
  /** Multiplies `q · k`, usually `headDim ** -0.5`. */
  readonly scale: number;
}
