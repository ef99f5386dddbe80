import type { Graph, Node, Op, Rows, Value } from '../../graph/graph.ts';
import { UnsupportedError } from '../../base/errors.ts';
import { attention } from '../../ops/attention.ts';
import { kvStore } from '../../ops/kv_store.ts';
import { colsOf } from '../../ops/op.ts';
import { ropeAngles } from '../../ops/rope_angles.ts';
import { lowerAttention, lowerKvStore } from './lower_attention.ts';
import { hasKernel, kernelSource } from './sources.ts';
import type { Kernel } from './pipelines.ts';

/**
 * Turns a graph's nodes into kernel calls. Most ops are one call of the kernel that carries their name; a table lists the others. What an
 * op of the first kind takes is written in its kernel: buffers in the order of its inputs, numbers by the names of its scalars, a grid.
 */

/** A buffer that calls read and write; one object per buffer. */
export interface Slot {
  readonly name: string;
  /** `host`: the CPU writes it before each run. */
  readonly role: Value['role'] | 'host';
  readonly bytes: number;
  /** Constants, vectors and states: what they hold. */
  readonly value?: Value;
}

/** How many workgroups there are, for so many rows. */
export interface Grid {
  readonly x: number;
  readonly y: (nRows: number) => number;
}

/** One kernel call. */
export interface Call {
  /** What it is for. */
  readonly node: Node;
  readonly kernel: Kernel;
  readonly out: Slot;
  /** In the order of bindings 2 and on; undefined: left out. */
  readonly inputs: readonly (Slot | undefined)[];
  /** Its matrix, whose planes are group 1: this part of it. */
  readonly matrix?: { readonly weight: Value; readonly part: number };
  /** The step's rows that it goes by. */
  readonly rows: Rows;
  readonly grid: Grid;
  /** It runs in steps of so many rows, both included; absent: in all. */
  readonly from?: number;
  readonly to?: number;
  /** By how much its numbers may differ from those of plain loops, relative to the largest; absent: as all kernels' may. */
  readonly tolerance?: number;
}

/** A node that plain loops do on the CPU before each run, because it depends on the step alone. */
export interface HostNode {
  readonly node: Node;
  readonly out: Slot;
}

export interface Lowered {
  readonly calls: readonly Call[];
  readonly hostNodes: readonly HostNode[];
  /** By the value they hold. */
  readonly slots: ReadonlyMap<Value, Slot>;
}

/** What lowering asks of the device and its weights. */
export interface Surroundings {
  /** Threads of a workgroup, for kernels that are not tuned. */
  readonly threads: number;
}

export function lower(graph: Graph, surroundings: Surroundings): Lowered {
  const lowering = new Lowering(graph, surroundings);
  for (const node of graph.nodes) (expansions.get(node.op) ?? plain)(lowering, node);
  return lowering;
}

/** Why there is no kernel for a node, or undefined where there is one. */
export function unsupported({ op }: Node): string | undefined {
  if (expansions.has(op) || hasKernel(op.name)) return undefined;
  return `no GPU kernel does ${op.name}`;
}

/** Collects calls and slots; lives as long as one `lower`. */
export class Lowering implements Lowered {
  readonly calls: Call[] = [];
  readonly hostNodes: HostNode[] = [];
  readonly slots = new Map<Value, Slot>();
  readonly graph: Graph;
  readonly surroundings: Surroundings;
  private readonly byKey = new Map<unknown, Slot>();

  constructor(graph: Graph, surroundings: Surroundings) {
    this.graph = graph;
    this.surroundings = surroundings;
  }

  /** The slot of a value. Weights are the same by name, constants by their numbers, everything else by identity. */
  slotOf(value: Value): Slot {
    const key = value.role === 'weight' ? value.name : (value.data ?? value);
    let slot = this.byKey.get(key);
    if (!slot) this.byKey.set(key, (slot = { name: value.name, role: value.role, bytes: bytesOf(value), value }));
    this.slots.set(value, slot);
    return slot;
  }

  /** The slot of a value that the CPU makes. */
  hostSlotOf(value: Value): Slot {
    const slot: Slot = { name: value.name, role: 'host', bytes: bytesOf(value) };
    this.byKey.set(value, slot);
    this.slots.set(value, slot);
    return slot;
  }
}

/** All but caches and matrices are f32. */
function bytesOf({ shape, role, quant }: Value): number {
  const numbers = shape.reduce((product, n) => product * n, 1);
  return role === 'state' ? (numbers / quant.blockSize) * quant.blockBytes : numbers * 4;
}

export type Expansion = (lowering: Lowering, node: Node) => void;

/** Rows of a node in a step; a state has none of its own, it takes those of what is stored. */
export const rowsOfNode = (node: Node): Rows => node.out.rows ?? node.inputs[0]!.rows!;

/** A node's numbers, by the names that its kernel knows. */
export function numbersOf(node: Node, threads: number): Record<string, number> {
  const numbers: Record<string, number> = { threads, nInputs: node.inputs.length };
  for (const { name, of } of node.op.scalars) numbers[name] = of(node);
  return numbers;
}

/** One call of the kernel with the op's name. */
const plain: Expansion = (lowering, node) => {
  const { op, inputs, out } = node;
  const { threads } = lowering.surroundings;
  const numbers = numbersOf(node, threads);
  const weight = op.quantInput === undefined ? undefined : inputs[op.quantInput]!;
  const isMatrix = weight?.role === 'weight';
  const files = isMatrix ? [`quants/${weight.quant.name}`, op.name] : [op.name];
  const given = inputs.filter((input, i) => !(isMatrix && input === weight) && i !== op.outInput);
  const leftOut = new Array<undefined>(Math.max(0, (op.maxInputs ?? 0) - inputs.length)).fill(undefined);
  lowering.calls.push({
    node,
    kernel: { files, numbers },
    out: lowering.slotOf(out),
    inputs: [...given.map((input) => lowering.slotOf(input)), ...leftOut],
    ...(isMatrix && { matrix: { weight, part: 0 } }),
    rows: rowsOfNode(node),
    grid: gridOf(node, { files, numbers }),
  });
};

const oneRow = (nRows: number): number => nRows;

/** The grid that a kernel's own file asks for. */
export function gridOf(node: Node, { files, numbers }: Kernel): Grid {
  const cols = colsOf(node.out);
  const widths: Readonly<Record<string, number>> = {
    'a workgroup a row': 1,
    'a workgroup a group': cols / (numbers['groupCols'] ?? cols),
    'a thread a number': Math.ceil(cols / numbers['threads']!),
  };
  const { grid = 'none' } = kernelSource(files);
  const x = widths[grid];
  if (x === undefined)
    throw new TypeError(
      `kernels/${files.at(-1)}.wgsl has grid "${grid}", expected one of ${Object.keys(widths).join(', ')}`,
    );
  return { x, y: oneRow };
}

/** Angles depend on positions alone, and a GPU's sine and cosine are good to a few bits only: the CPU's are exact. */
const onHost: Expansion = (lowering, node) => {
  lowering.hostNodes.push({ node, out: lowering.hostSlotOf(node.out) });
};

const expansions: ReadonlyMap<Op, Expansion> = new Map([
  [ropeAngles, onHost],
  [kvStore, lowerKvStore],
  [attention, lowerAttention],
]);

/** @throws UnsupportedError for a graph with a node that has no kernel. */
export function checkSupported({ nodes }: Graph): void {
  for (const node of nodes) {
    const why = unsupported(node);
    if (why) throw new UnsupportedError(`${why}; open the model with backend: 'wasm'`);
  }
}
