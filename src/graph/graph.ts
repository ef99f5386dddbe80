import type { Tensor } from './tensor.ts';

/**
 * An architecture records a graph: a flat list of nodes in execution order, each a use of an op. It is recorded once per
 * model, shared by the model's sessions, and run for every step. Its row counts are symbolic, and a step says how many there
 * are this time.
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

/** A weight as a node's input. */
export const weight = (tensor: Tensor): Value => ({ ...tensor, role: 'weight' });

/** Numbers that go with a node, by the names that the op's shape rule, loops and scalars know. */
export type Params = Readonly<Record<string, number>>;

/** One use of an op. */
export interface Node {
  readonly op: Op;
  readonly out: Value;
  readonly inputs: readonly Value[];
  readonly params: Params;
}

/** The meaning of a node. A kernel is one implementation of it, and the plain loops judge the kernels. */
export interface Op {
  /** The stem that its files carry: its definition, its kernel, its cases. */
  readonly name: string;
  /** Shape rule: the only place that throws. */
  readonly shape: (inputs: readonly Value[], params: Params) => Shape;
  /** The input whose quant type picks the kernel (`matmul_q4_0`, `attention_f16`); absent where there is one kernel. */
  readonly quantInput?: number;
  /** Inputs with those that may be left out at the end; absent: none may. */
  readonly maxInputs?: number;
  /** The input, a state, that receives what the node makes; absent where that is a new activation. */
  readonly outInput?: number;
  /** Inputs, states, that the node changes besides making its output. */
  readonly changes?: readonly number[];
  /** Numbers a kernel needs, in the order in which its record holds them. */
  readonly scalars: readonly Scalar[];
  /** Plain loops over all rows of the step. */
  readonly reference: (args: OpArgs) => void;
  /** The cost of a step, from shapes alone. */
  readonly cost: (node: Node, step: Step) => Cost;
}

/** The shape of an op's output: rows are symbolic, columns are known. */
export interface Shape {
  readonly rows: Rows;
  readonly cols: number;
}

/** A 32-bit word that a kernel finds behind its pointers. */
export interface Scalar {
  readonly name: string;
  readonly type: 'u32' | 'f32';
  readonly of: (node: Node) => number;
}

/** The operands of the plain loops: all of them as floats, row-major. */
export interface OpArgs {
  readonly node: Node;
  readonly step: Step;
  readonly out: Float32Array;
  readonly inputs: readonly Float32Array[];
}

/** The cost of a node in a step. */
export interface Cost {
  /** Multiplications and additions, each counted; an exponential or a division as one. */
  readonly flops: number;
  /** Bytes read and written, weights as in the file. */
  readonly bytes: number;
}

/** The part of a run that differs from step to step. */
export interface Step {
  /** `[nTokens]` token ids, at positions `pos … pos + nTokens - 1`. */
  readonly tokens: Int32Array;
  /** Absolute position of the first token; the KV cache holds `pos` positions before the step. */
  readonly pos: number;
  /** How many of the last tokens get logits, 0 … nTokens. */
  readonly nLogits: number;
  /** Of the one row of logits so many of the largest are wanted, not the row. A wish: all may come. */
  readonly nBest?: number | undefined;
  /** Several texts, one behind the other, each for itself; absent: the step is one text, from `pos` on. */
  readonly texts?: readonly StepText[];
}

/** A text among those of a step, or as much of it as the step has. */
export interface StepText {
  /** Its first row in the step. */
  readonly first: number;
  readonly nTokens: number;
  /** Position of the first row within the text. */
  readonly pos: number;
  /** Row of the caches in which the text's position 0 lies, a whole number of `RING_BLOCK`. */
  readonly base: number;
}

/** The texts of any step. */
export const textsOf = ({ texts, tokens, pos }: Step): readonly StepText[] =>
  texts ?? [{ first: 0, nTokens: tokens.length, pos, base: 0 }];

/** A table `[nVocab, cols]` that stays in storage, and the state `[maxTokens, cols]` f32 that takes a step's rows of it. */
export interface StoredRows {
  readonly table: Tensor;
  readonly into: Value;
}

export interface GraphLimits {
  /** Positions a session holds. */
  readonly nCtx: number;
  /** Most tokens in one step. */
  readonly maxTokens: number;
  /** Most logits rows in one step. */
  readonly maxLogits: number;
  /** Most texts in one step; absent: one. */
  readonly maxTexts?: number;
}

export interface Graph extends GraphLimits {
  readonly nodes: readonly Node[];
  /** Before each step, rows of its tokens come from storage. */
  readonly stored?: readonly StoredRows[];
  /** `[nLogits, nVocab]`, the last node's output. */
  readonly logits: Value;
}
