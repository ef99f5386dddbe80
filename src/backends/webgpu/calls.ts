import { roundUp } from '../../base/numbers.ts';
import type { Graph, Node, Rows, Value } from '../../graph/graph.ts';
import { matmul } from '../../ops/matmul.ts';
import { f32 } from '../../quants/f32.ts';
import type { Joins } from './joins.ts';
import { BINDING_BYTES } from './memory.ts';
import type { Kernel } from './pipelines.ts';
import { stateBytes } from './state_layout.ts';
import type { Chooser } from './variants.ts';

/** What a graph is made into: kernel calls, and the buffers that they read and write. */

/** A buffer that calls read and write; one object per buffer. */
export interface Slot {
  readonly name: string;
  /** `host`: the CPU writes it before each run. */
  readonly role: Value['role'] | 'host';
  readonly bytes: number;
  /** Constants, vectors and states: what they hold. */
  readonly value?: Value;
  /** It is a piece of another one. */
  readonly within?: { readonly slot: Slot; readonly offset: number };
}

/** The slot that has a buffer. */
export const wholeOf = (slot: Slot): Slot => slot.within?.slot ?? slot;

/** How many workgroups there are, for so many rows. */
export interface Grid {
  readonly x: number;
  readonly y: (nRows: number) => number;
}

/** One kernel call. */
export interface Call {
  /** What it is for. */
  readonly node: Node;
  /** The nodes that it, and calls that belong to it, do together, in the order of the graph; absent: this one. */
  readonly nodes?: readonly Node[];
  readonly kernel: Kernel;
  readonly out: Slot;
  /** The last of its inputs, where it writes there, too. */
  readonly begun?: Slot | undefined;
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
  /** Which of several kernels it is, by the name of the variant; absent: nothing can take its place. */
  readonly variant?: string;
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
  /** Whether each node has calls of its own, so that what it takes and makes can be looked at. */
  readonly isApart?: boolean;
  /** Whether a processor does the work of the GPU. */
  readonly isSoftware?: boolean;
  /** Threads of a workgroup, for kernels that are not tuned. */
  readonly threads: number;
  /** The most bytes of a buffer that a kernel can see. */
  readonly bindingBytes: number;
  /** Matrices that lie together; absent: none do. */
  readonly joins?: Joins;
  /** The kernels of products. */
  readonly choose: Chooser;
  /** Whether a check has found a variant of another op wrong here. */
  readonly isRefused?: (variant: string) => boolean;
}

/** Collects calls and slots; lives as long as one `lower`. */
export class Lowering implements Lowered {
  readonly calls: Call[] = [];
  readonly hostNodes: HostNode[] = [];
  readonly slots = new Map<Value, Slot>();
  readonly graph: Graph;
  readonly surroundings: Surroundings;
  /** The nodes that make activations. */
  readonly makers = new Map<Value, Node>();
  /** Nodes that read a value. */
  private readonly readers = new Map<Value, Node[]>();
  private readonly readable: ReadonlySet<Value>;
  private readonly byKey = new Map<unknown, Slot>();
  private readonly made = new Map<Slot, Map<string, Slot>>();
  private readonly numbers = new Map<string, Value>();

  /** @param readable values that must be there after a run */
  constructor(graph: Graph, surroundings: Surroundings, readable: ReadonlySet<Value>) {
    this.graph = graph;
    this.surroundings = surroundings;
    this.readable = readable;
    for (const node of graph.nodes) {
      if (node.out.role === 'activation') this.makers.set(node.out, node);
      for (const input of new Set(node.inputs)) this.readers.set(input, [...(this.readers.get(input) ?? []), node]);
    }
  }

  /** The nodes for which alone a value is made, so that it need not be there; undefined where it must. */
  readersAlone(value: Value): readonly Node[] | undefined {
    const isNeeded = this.surroundings.isApart || this.readable.has(value) || value.role !== 'activation';
    return isNeeded ? undefined : this.readers.get(value);
  }

  /** The nodes that read a value. */
  readersOf(value: Value): readonly Node[] {
    return this.readers.get(value) ?? [];
  }

  /** Products without a bias of some activations, in the order of the graph. */
  productsOf(x: Value): readonly Node[] {
    return this.readers.get(x)!.filter(({ op, inputs }) => op === matmul && inputs[1] === x && inputs.length === 2);
  }

  /** The slot of a value. Weights are the same by name, constants by their numbers, everything else by identity. */
  slotOf(value: Value): Slot {
    const key = value.role === 'weight' ? value.name : (value.data ?? value);
    let slot = this.byKey.get(key);
    if (!slot) this.byKey.set(key, (slot = { name: value.name, role: value.role, bytes: bytesOf(value), value }));
    this.slots.set(value, slot);
    return slot;
  }

  /** The slot of values that lie one behind the other. */
  slotOfAll(values: readonly Value[]): Slot {
    const offsets = [0];
    for (const value of values) offsets.push(roundUp(offsets.at(-1)! + bytesOf(value), BINDING_BYTES));
    const slot: Slot = { name: values.map(({ name }) => name).join(' + '), role: 'activation', bytes: offsets.at(-1)! };
    for (const [i, value] of values.entries()) {
      const { name, role } = value;
      this.byKey.set(value, { name, role, bytes: bytesOf(value), value, within: { slot, offset: offsets[i]! } });
      this.slotOf(value);
    }
    return slot;
  }

  /** The slot of a number that differs from session to session, so that their pipelines are the same. */
  slotOfNumber(name: string, number: number): Slot {
    const key = `${name} ${number}`;
    if (!this.numbers.has(key)) {
      const data = Float32Array.of(number);
      this.numbers.set(key, { name, quant: f32, shape: [1], role: 'constant', data });
    }
    return this.slotOf(this.numbers.get(key)!);
  }

  /** What calls have made of a slot for those behind them, by what it is. */
  madeOf(slot: Slot): Map<string, Slot> {
    if (!this.made.has(slot)) this.made.set(slot, new Map());
    return this.made.get(slot)!;
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
const bytesOf = (value: Value): number =>
  value.role === 'state' ? stateBytes(value) : 4 * value.shape.reduce((product, n) => product * n, 1);

export type Expansion = (lowering: Lowering, node: Node) => void;

/** Rows of a node in a step; a state has none of its own, it takes those of what is stored. */
export const rowsOfNode = (node: Node): Rows => node.out.rows ?? node.inputs[0]!.rows!;

/** A node's numbers, by the names that its kernel knows. */
export function numbersOf(node: Node, threads: number): Record<string, number> {
  const numbers: Record<string, number> = { threads, nInputs: node.inputs.length };
  for (const { name, of } of node.op.scalars) numbers[name] = of(node);
  return numbers;
}
