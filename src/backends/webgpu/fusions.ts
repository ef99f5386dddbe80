import { roundUp } from '../../base/numbers.ts';
import type { Node, Op, Value } from '../../graph/graph.ts';
import { add } from '../../ops/add.ts';
import { geglu } from '../../ops/geglu.ts';
import { matmul } from '../../ops/matmul.ts';
import { colsOf } from '../../ops/op.ts';
import { rmsNorm } from '../../ops/rms_norm.ts';
import { swiglu } from '../../ops/swiglu.ts';
import type { Lowering, Slot } from './calls.ts';
import { JOINED } from './joins.ts';
import { BINDING_BYTES } from './memory.ts';
import { partsOf } from './parts.ts';
import { hasKernel } from './sources.ts';
import { FEW, forms, sharesColumns, type Steps } from './variants.ts';

/** What products do beside: sums and gates behind them, norms before them, each other. All of it is told from the graph. */

/** The sum that a product is made for, and that it can do. Of two products in a sum, the second does. */
export function addBehind(lowering: Lowering, product: Node | undefined): Node | undefined {
  if (!product) return undefined;
  const [reader] = lowering.readersAlone(product.out) ?? [];
  const isAdded = (value: Value): boolean => {
    const { op, inputs, out } = lowering.makers.get(value) ?? {};
    return op === matmul && inputs!.length === 2 && lowering.readersAlone(out!)?.length === 1;
  };
  if (reader?.op !== add || reader.inputs[0] === reader.inputs[1]) return undefined;
  return reader.inputs.findLast(isAdded) === product.out ? reader : undefined;
}

/** The products that are made together with one, it among them. */
export function joinedWith(lowering: Lowering, node: Node): readonly Node[] | undefined {
  const [weight, x] = node.inputs;
  const { joins, isApart, isRefused, bindingBytes } = lowering.surroundings;
  const join = joins?.get(weight!.name);
  if (!join || isApart || isRefused?.(JOINED)) return undefined;
  const nodes = lowering.productsOf(x!).filter(({ inputs }) => joins!.get(inputs[0]!.name) === join);
  const areAll = String(nodes.map(({ inputs }) => inputs[0]!.name)) === String(join.weights.map(({ name }) => name));
  const outBytes = 4 * join.whole.shape[0]! * x!.shape[0]! + nodes.length * BINDING_BYTES;
  const areApart = outBytes > bindingBytes || nodes.some((each) => addBehind(lowering, each));
  return areAll && !areApart && nodes.includes(node) ? nodes : undefined;
}

/** The name of products that gate as a variant; without it, a gate has a call of its own. */
export const GATED = 'products together with their gate';

/** The gate that two products made together do: a thread that has rows of its own has the same ones of both. */
export function gateBehind(lowering: Lowering, joined: readonly Node[] = [], steps: Steps): Node | undefined {
  const { choose, isRefused } = lowering.surroundings;
  const [gate] = (joined.length === 2 && lowering.readersAlone(joined[0]!.out)) || [];
  if (steps !== 'few' || !gate || !hasKernel(`lib/gate_${gate.op.name}`) || isRefused?.(GATED)) return undefined;
  const areIts = joined.every(({ out }, i) => out === gate.inputs[i] && lowering.readersAlone(out)?.length === 1);
  return areIts && choose(joined[0]!, steps).variant.isForSoftware ? gate : undefined;
}

/** Whether products do a node in such steps. */
export function isGated(lowering: Lowering, node: Node, steps: Steps): boolean {
  const product = lowering.makers.get(node.inputs[0]!);
  return product?.op === matmul && gateBehind(lowering, joinedWith(lowering, product), steps) === node;
}

/**
 * Nodes whose numbers only products want: they are made where these take them, in the form that they take. By op, the kernel's file that
 * makes them on the way to other forms.
 */
export const makers: ReadonlyMap<Op, string> = new Map([
  [rmsNorm, 'lib/of_rms_norm'],
  [swiglu, 'lib/of_swiglu'],
  [geglu, 'lib/of_geglu'],
]);

/** The node that makes a value on the way to products in such steps; undefined where it is there. */
export function makerOnTheWay(lowering: Lowering, x: Value, steps: Steps): Node | undefined {
  const maker = makerFor(lowering, x);
  return maker && !isGated(lowering, maker, steps) ? maker : undefined;
}

/** The node that makes a value which only products want. */
export function makerFor(lowering: Lowering, x: Value): Node | undefined {
  const maker = lowering.makers.get(x);
  if (!maker || !makers.has(maker.op) || colsOf(x) % 32 > 0 || colsOf(maker.inputs[1]!) < colsOf(x)) return undefined;
  const forProducts = lowering.readersAlone(x)?.every(({ op, inputs }) => op === matmul && inputs[1] === x);
  return forProducts ? maker : undefined;
}

/** The name of norms that products begin as a variant; without it, a norm has a call of its own. */
export const BEGUN = 'norms that products begin';

/** Variants that are made of several nodes, whatever the type of their weights. */
export const ofSeveral: ReadonlySet<string | undefined> = new Set([JOINED, GATED, BEGUN]);

/** A norm between two calls: the one before puts its weights on what it makes and adds up squares, the one behind has the factor. */
export interface Begun {
  readonly product: Node;
  /** What is normed: the sum behind the product. */
  readonly sum: Node;
  readonly norm: Node;
  /** The products of one call. */
  readonly readers: readonly Node[];
}

/** What a norm stands between, where it has no call of its own. */
export function begunNorm(lowering: Lowering, norm: Node | undefined, steps: Steps): Begun | undefined {
  const { choose, isRefused, bindingBytes } = lowering.surroundings;
  if (steps !== 'few' || norm?.op !== rmsNorm || makerFor(lowering, norm.out) !== norm || isRefused?.(BEGUN))
    return undefined;
  const sum = lowering.makers.get(norm.inputs[0]!);
  const product = sum?.inputs
    .map((value) => lowering.makers.get(value))
    .find((each) => addBehind(lowering, each) === sum);
  const readers = lowering.readersOf(norm.out);
  const [reader] = readers;
  const isFirst = lowering.readersOf(norm.inputs[0]!).find(({ op }) => op === rmsNorm) === norm;
  if (!sum || !product || !reader || !isFirst || addBehind(lowering, reader)) return undefined;
  const areOne = readers.length === 1 || joinedWith(lowering, reader)?.length === readers.length;
  const isWhole = partsOf(product.inputs[0]!, bindingBytes).length === 1;
  const [before, behind] = [product, reader].map((node) => choose(node, steps).variant);
  const areAble = sharesColumns(before!) && sharesColumns(behind!) && forms[behind!.form].vectors === undefined;
  return areOne && isWhole && areAble ? { product, sum, norm, readers } : undefined;
}

/** The norm that a product begins behind its sum. */
export const normBehind = (lowering: Lowering, sum: Node, steps: Steps): Begun | undefined =>
  lowering
    .readersOf(sum.out)
    .map((reader) => begunNorm(lowering, reader, steps))
    .find((each) => each?.sum === sum);

/** Rows whose squares are added up together, as kernels/lib/normed_rows.wgsl draws it; there are whole units of 32. */
const SQUARES = 16;

/** Where a norm lies that was begun, and what kernels/lib/shape.wgsl says of it. */
export function begunPlace(lowering: Lowering, { norm }: Begun) {
  const cols = colsOf(norm.out);
  const nSquares = cols / SQUARES;
  const nRows = Math.min(FEW, norm.out.shape[0]!);
  const squaresAt = nRows * cols;
  const made = lowering.madeOf(lowering.slotOf(norm.out));
  const bytes = roundUp(4 * nRows * (cols + nSquares), 16); // it is read as vectors
  const slot: Slot = made.get(BEGUN) ?? { name: `${norm.out.name}, begun`, role: 'activation', bytes };
  made.set(BEGUN, slot);
  const [epsBits] = new Uint32Array(Float32Array.of(norm.params['eps']!).buffer);
  return { slot, nSquares, squaresAt, epsBits: epsBits! };
}

/** The nodes on both sides of a norm that was begun. */
export function nodesAround(lowering: Lowering, { product, sum, norm, readers }: Begun, steps: Steps): Node[] {
  const gate = gateBehind(lowering, joinedWith(lowering, readers[0]!), steps);
  return [product, sum, norm, readers, gate ?? []].flat();
}
