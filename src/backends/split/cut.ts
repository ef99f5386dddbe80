import { sum } from '../../base/numbers.ts';
import type { Graph, Node, Value } from '../../graph/graph.ts';
import { quantByName } from '../../quants/index.ts';

/**
 * A graph is a flat list of nodes, so it can be taken apart between any two of them. Where few values cross, the parts can run on different
 * backends: between two layers that is the residual stream, a few kilobytes for each token.
 *
 *     embed  layer 0  layer 1 │ layer 2  layer 3  norm  logits
 *                          x ─┼─▶
 */
export interface Cut {
  /** Nodes in front of it. */
  readonly at: number;
  /** Activations that are made in front of it and used behind it. */
  readonly crossing: readonly Value[];
}

/** Nodes `[begin, end)` of a graph, as a graph of their own. */
export interface GraphPart {
  readonly graph: Graph;
  /** What it takes from nodes in front of it, and the state `[most rows, cols]` f32 of its own that holds it. */
  readonly takes: ReadonlyMap<Value, Value>;
  /** What nodes behind it take. */
  readonly gives: readonly Value[];
}

/** The columns of all values that cross a cut. */
export const colsAcross = ({ crossing }: Cut): number => sum(crossing.map(({ shape }) => shape[1]!));

/**
 * All places where a graph can be taken apart, in order. A state that nodes write must not be in both parts. What depends on the step alone,
 * such as the angles of positions, does not cross: both parts compute it.
 */
export function cutsOf({ nodes }: Graph): Cut[] {
  const made = new Map<Value, number>();
  const lastUse = new Map<Value, number>();
  const stretches = new Map<Value, { begin: number; end: number; isWritten: boolean }>();
  for (const [i, node] of nodes.entries()) {
    if (node.out.role === 'activation' && !isOfStep(node)) made.set(node.out, i);
    const written = writtenBy(node);
    for (const value of [node.out, ...node.inputs]) {
      if (value.role === 'activation') lastUse.set(value, i);
      if (value.role !== 'state') continue;
      const { begin, isWritten } = stretches.get(value) ?? { begin: i, isWritten: false };
      stretches.set(value, { begin, end: i, isWritten: isWritten || written.includes(value) });
    }
  }
  const held = [...stretches.values()].filter(({ isWritten }) => isWritten);
  const crossing = (at: number): Value[] =>
    [...made].filter(([value, i]) => i < at && lastUse.get(value)! >= at).map(([value]) => value);
  return nodes
    .map((_, at) => at)
    .filter((at) => at > 0 && !held.some(({ begin, end }) => begin < at && end >= at))
    .map((at) => ({ at, crossing: crossing(at) }));
}

/** Whether a node needs nothing but the step and constants: any part computes it for itself. */
const isOfStep = ({ inputs, out }: Node): boolean =>
  out.role === 'activation' && inputs.every(({ role }) => role === 'constant');

const writtenBy = ({ op, out, inputs }: Node): Value[] => [out, ...(op.changes ?? []).map((input) => inputs[input]!)];

/** Takes nodes `[begin, end)` out of a graph. */
export function partOf(graph: Graph, begin: number, end: number): GraphPart {
  const { nodes } = graph;
  const own = nodes.slice(begin, end);
  const makers = new Map(nodes.filter(({ out }) => out.role === 'activation').map((node) => [node.out, node]));
  const made = new Set(own.map(({ out }) => out));
  const foreign = new Set(own.flatMap(({ inputs }) => inputs).filter((value) => makers.has(value) && !made.has(value)));
  const isShared = (value: Value): boolean => isOfStep(makers.get(value)!);
  const repeated = [...foreign].filter(isShared).map((value) => makers.get(value)!);
  const takes = new Map([...foreign].filter((value) => !isShared(value)).map((value) => [value, stateFor(value)]));
  const wanted = new Set(nodes.slice(end).flatMap(({ inputs }) => inputs));
  const gives = [...made].filter((value) => makers.has(value) && wanted.has(value) && !isShared(value));
  const part = [...repeated, ...own.map((node) => withInputs(node, takes))];
  const used = new Set(part.flatMap(({ inputs }) => inputs));
  const stored = (graph.stored ?? []).filter(({ into }) => used.has(into));
  const logits = made.has(graph.logits) ? graph.logits : (gives.at(-1) ?? graph.logits);
  return { graph: { ...graph, nodes: part, stored, logits }, takes, gives };
}

/** The place where a value from another part lies. */
const stateFor = (value: Value): Value => ({
  name: `from.${value.name}`,
  quant: quantByName.get('f32')!,
  shape: value.shape,
  rows: value.rows,
  role: 'state',
});

const withInputs = (node: Node, takes: ReadonlyMap<Value, Value>): Node =>
  node.inputs.some((input) => takes.has(input))
    ? { ...node, inputs: node.inputs.map((input) => takes.get(input) ?? input) }
    : node;
