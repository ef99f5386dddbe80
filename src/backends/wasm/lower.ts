import type { ActivationKind } from '../../graph/activations.ts';
import type { Graph, Node, Op, Rows, Scalar, Value } from '../../graph/graph.ts';
import { roundUp } from '../../base/numbers.ts';
import { RING_BLOCK } from '../../graph/layer_state.ts';
import { addProduct } from '../../ops/add_product.ts';
import { attention } from '../../ops/attention.ts';
import { kvStore } from '../../ops/kv_store.ts';
import { matmul } from '../../ops/matmul.ts';
import { colsOf } from '../../ops/op.ts';
import type { QuantType } from '../../quants/quant_type.ts';
import { kernelName, type Sizes } from './kernels.ts';
import { weightLayout } from './weights.ts';
import { plainWeights } from '../matrices.ts';
import { header } from './words.ts';

/**
 * Turns a graph's nodes into kernel calls. Most ops are one call of the kernel that carries their name. The table below lists
 * the others: a matrix product wants its activations quantised first, and attention ends with a join. A new op whose kernel
 * does all of its work needs nothing here.
 */

/** A piece of memory that calls read and write; one object per piece. */
export interface Slot {
  readonly name: string;
  readonly role: Value['role'];
  readonly bytes: number;
  /** SharedConstants and, for reading back, activations and states. */
  readonly value?: Value;
  /** States: how they lie in memory. */
  readonly layout?: StateLayout;
}

/** How a cache `[nPositions, cols]` lies in memory, drawn in assembly/lib/kv_types.ts. */
export interface StateLayout {
  /** Columns of one head; heads lie one after the other. */
  readonly headDim: number;
  /** Rows there is room for; absolute position p lies in row `p % nPositions`. */
  readonly nPositions: number;
  /** Positions whose numbers alternate; for q8_0, 4 is the order of keys, 1 that of values. */
  readonly interleave: number;
}

/** A 32-bit word of a record; a `kernel` is one that this kernel calls. */
export type Word =
  | { readonly type: 'at'; readonly slot: Slot | undefined }
  | { readonly type: 'kernel'; readonly name: string }
  | { readonly type: Scalar['type']; readonly value: number };

/** One kernel call; its record is the header of assembly/lib/record.ts, then `words`. */
export interface KernelCall {
  /** What it is for. */
  readonly node: Node;
  readonly op: string;
  readonly kernel: string;
  /** Items are these rows, unless the op exports `<op>_items`. */
  readonly rows: Rows;
  readonly outs: readonly Slot[];
  readonly inputs: readonly (Slot | undefined)[];
  readonly words: readonly Word[];
}

export interface Lowered {
  readonly calls: readonly KernelCall[];
  /** By the value they hold. */
  readonly slots: ReadonlyMap<Value, Slot>;
  /** Weights that calls take as plain numbers, by name. */
  readonly plain: ReadonlySet<string>;
}

/** Positions of a cache are allocated in whole blocks, which attention reads. */
const wholeBlocks = (nPositions: number): number => roundUp(nPositions, RING_BLOCK);

/** Caches lie as their reader wants them: by heads, and attention's keys with four positions interleaved. */
const attentionCaches = [
  { input: 1, interleave: 4 },
  { input: 2, interleave: 1 },
];

/** Row after row, all columns or blocks of them. */
export const rowsLayout = (nPositions: number, headDim: number): StateLayout => ({
  headDim,
  nPositions,
  interleave: 1,
});

/** @param rare what `rareExpansions` gave for this graph, or for one with the same ops. */
export function lower(graph: Graph, sizes: Sizes, activations: ActivationKind, rare?: RareExpansions): Lowered {
  const lowering = new Lowering(graph, sizes, activations);
  for (const node of graph.nodes) (rare?.get(node.op.name) ?? expansions.get(node.op) ?? plain)(lowering, node);
  return lowering;
}

/** Expansions of ops that few families have, by the op's name: in a page each file of the engine has such an op of its own. */
export type RareExpansions = ReadonlyMap<string, Expansion>;

/** Collects calls and slots; lives as long as one `lower`. */
export class Lowering implements Lowered {
  readonly calls: KernelCall[] = [];
  readonly slots = new Map<Value, Slot>();
  readonly graph: Graph;
  readonly sizes: Sizes;
  readonly activations: ActivationKind;
  /** Forms of activations, by what makes them. One serves all matrices that it meets. */
  private readonly forms = new Map<Slot, Readonly<Record<string, Slot>>>();
  private readonly byKey = new Map<unknown, Slot>();
  readonly plain: ReadonlySet<string>;
  /** Of states that do not lie row after row. */
  readonly layouts = new Map<Value, StateLayout>();

  constructor(graph: Graph, sizes: Sizes, activations: ActivationKind) {
    this.graph = graph;
    this.sizes = sizes;
    this.activations = activations;
    this.plain = plainWeights(graph);
    for (const { op, out } of graph.nodes) {
      const [nPositions, cols] = out.shape as [number, number];
      if (op === kvStore) this.layouts.set(out, rowsLayout(wholeBlocks(nPositions), cols));
    }
    for (const { op, inputs, params } of graph.nodes) {
      if (op !== attention) continue;
      for (const { input, interleave } of attentionCaches) {
        const nPositions = wholeBlocks(inputs[input]!.shape[0]!);
        this.layouts.set(inputs[input]!, { headDim: params['headDim']!, nPositions, interleave });
      }
    }
  }

  /** The slot of a value. Weights are the same by name, constants by their numbers, everything else by identity. */
  slotOf(value: Value): Slot {
    const key = value.role === 'weight' ? value.name : (value.data ?? value);
    let slot = this.byKey.get(key);
    if (!slot) {
      const layout = value.role === 'state' ? this.layoutOf(value) : undefined;
      slot = { name: value.name, role: value.role, bytes: this.bytesOf(value), value, layout };
      this.byKey.set(key, slot);
    }
    this.slots.set(value, slot);
    return slot;
  }

  layoutOf(state: Value): StateLayout {
    const [nRows, cols] = state.shape as [number, number];
    return this.layouts.get(state) ?? rowsLayout(nRows, cols);
  }

  private bytesOf(value: Value): number {
    if (value.role === 'weight') return weightLayout(value, this.plain, this.sizes).bytes;
    const [rows, cols] = value.shape as [number, number];
    if (value.role !== 'state') return rows * cols * 4;
    return this.sizes.cacheBytes(value.quant, this.layoutOf(value).nPositions * cols);
  }

  /** A form of `from`: the first call that wants it has it made. */
  formOf(from: Slot, how: string, make: () => Slot): Slot {
    const made = this.forms.get(from)?.[how] ?? make();
    this.forms.set(from, { ...this.forms.get(from), [how]: made });
    return made;
  }

  maxRows(rows: Rows): number {
    return rows === 'tokens' ? this.graph.maxTokens : this.graph.maxLogits;
  }
}

export type Expansion = (lowering: Lowering, node: Node) => void;

export const at = (slot: Slot | undefined): Word => ({ type: 'at', slot });

/** The words behind the pointers of a node's record, by its op's list. */
const scalars = (node: Node): Word[] => node.op.scalars.map(({ type, of }) => ({ type, value: of(node) }));

/** Rows of a node in a step; a state has none of its own, it takes those of what is stored. */
const rowsOfNode = (node: Node): Rows => node.out.rows ?? node.inputs[0]!.rows!;

/** One call, with `more` words at the end. */
export function call(
  lowering: Lowering,
  node: Node,
  inputs: readonly (Slot | undefined)[],
  more: readonly Word[] = [],
): KernelCall {
  const out = lowering.slotOf(node.out);
  const leftOut = new Array<undefined>(Math.max(0, (node.op.maxInputs ?? 0) - inputs.length)).fill(undefined);
  const words = [at(out), ...inputs.map(at), ...leftOut.map(at), ...scalars(node), ...more];
  const outs = [out, ...(node.op.changes ?? []).map((i) => inputs[i]!)];
  return { node, op: node.op.name, kernel: kernelName(node), rows: rowsOfNode(node), outs, inputs, words };
}

const plain: Expansion = (lowering, node) => {
  const inputs = node.inputs.map((input) => lowering.slotOf(input));
  lowering.calls.push(call(lowering, node, inputs));
};

const storeRows: Expansion = (lowering, node) => {
  const inputs = node.inputs.map((input) => lowering.slotOf(input));
  const { headDim, nPositions, interleave } = lowering.layoutOf(node.out);
  const more = [headDim, nPositions, interleave].map((value) => ({ type: 'u32', value }) as const);
  lowering.calls.push(call(lowering, node, inputs, more));
};

const multiply: Expansion = (lowering, node) => {
  const [w, , bias] = node.inputs;
  const fast = `${kernelName(node)}_fast`; // some types have none, the same ones in every build
  const isFast = lowering.activations === 'fast' && lowering.sizes.hasKernel(fast);
  const operand = quantised(lowering, node, isFast ? '_fast' : '');
  const inputs = [lowering.slotOf(w!), operand, bias && lowering.slotOf(bias)];
  const product = call(lowering, node, inputs, [at(undefined)]); // rows stay in their order
  lowering.calls.push(isFast ? { ...product, kernel: fast } : product);
};

const attend: Expansion = (lowering, node) => {
  const inputs = node.inputs.map((input) => lowering.slotOf(input));
  const nPositions: Word = { type: 'u32', value: lowering.layoutOf(node.inputs[1]!).nPositions };
  const unplaced = recordOf(call(lowering, node, inputs, [nPositions, at(undefined)]));
  const bytes = lowering.sizes.ask('attention', 'parts_bytes', unplaced)!;
  const parts: Slot = { name: `${node.out.name}.parts`, role: 'activation', bytes };
  const whole = call(lowering, node, inputs, [nPositions, at(parts)]);
  // With many tokens attention writes its result itself, with few it leaves parts to the join.
  const join = { ...whole, op: 'attention_join', kernel: 'attention_join', inputs: [parts] };
  lowering.calls.push({ ...whole, outs: [parts, ...whole.outs] }, join);
};

/** Numbers of a matrix that one thread multiplies in 2 microseconds, less than the barrier costs that sharing them out takes. */
const SMALL = 16384;

/** A small matrix is multiplied row by row, in the phase of what goes by rows around it. */
const addSmall: Expansion = (lowering, node) => {
  const inputs = node.inputs.map((input) => lowering.slotOf(input));
  const whole = call(lowering, node, inputs);
  const [rows, cols] = node.inputs[1]!.shape as [number, number];
  const op = 'add_product_rows';
  lowering.calls.push(
    rows * cols > SMALL ? whole : { ...whole, op, kernel: kernelName(node).replace(node.op.name, op) },
  );
};

const expansions: ReadonlyMap<Op, Expansion> = new Map([
  [addProduct, addSmall],
  [kvStore, storeRows],
  [matmul, multiply],
  [attention, attend],
]);

/** Weights multiply quantised activations, with so many columns to a scale; but these types, never fast ones: */
const floatQuantizers: Readonly<Record<string, string | undefined>> = {
  f32: undefined, // takes them as they are
  f16: 'quantize_activations_i16',
  bf16: 'quantize_activations_i16',
};

/** Columns of activations that share a scale: as many as a super-block has, or 32. */
export const activationSpan = ({ blockSize, hasSubs }: QuantType): number =>
  blockSize >= 128 || hasSubs ? blockSize : 32;

/** The kernel that makes activations as weights want them; undefined: they are taken as they are. */
export const quantizerOf = (quant: QuantType, kind: '' | '_fast' = ''): string | undefined =>
  quant.blockSize === 1 ? floatQuantizers[quant.name] : `quantize_activations_${activationSpan(quant)}${kind}`;

/** The activations of a product as its weights want them. */
function quantised(lowering: Lowering, node: Node, kind: '' | '_fast'): Slot {
  const [{ quant }, x] = node.inputs as [Value, Value];
  const from = lowering.slotOf(x);
  const op = quantizerOf(quant, kind);
  if (!op) return from;
  return lowering.formOf(from, op, () => {
    const cols = colsOf(x);
    const bytes = lowering.sizes.activationsBytes(lowering.maxRows(x.rows!), cols, activationSpan(quant));
    const out: Slot = { name: `${x.name}.${op}`, role: 'activation', bytes };
    const words: Word[] = [at(out), at(from), { type: 'u32', value: cols }];
    lowering.calls.push({ node, op, kernel: op, rows: x.rows!, outs: [out], inputs: [from], words });
    return out;
  });
}

/** A record whose pointers are zero, or what `addressOf` says. */
export function recordOf(
  of: KernelCall,
  addressOf: (slot: Slot) => number = () => 0,
  kernelIndex: (name: string) => number | undefined = () => 0,
): Int32Array {
  const record = new Int32Array(header.length + of.words.length);
  const floats = new Float32Array(record.buffer);
  of.words.forEach((word, i) => {
    const index = header.length + i;
    if (word.type === 'at') record[index] = word.slot ? addressOf(word.slot) : 0;
    else if (word.type === 'kernel') record[index] = kernelIndex(word.name)!;
    else (word.type === 'f32' ? floats : record)[index] = word.value;
  });
  return record;
}
