import { sum } from '../../base/numbers.ts';
import type { Graph, Node, Value } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { add } from '../../ops/add.ts';
import { matmul } from '../../ops/matmul.ts';
import { partsOf } from './parts.ts';
import { PIECE_ROWS } from './planes.ts';

/**
 * Matrices that are multiplied with the same activations lie one below the other, as one matrix, so that one call makes all their
 * products. These lie one behind the other in one buffer:
 *
 *     matrix   | rows of q | rows of k | rows of v |
 *     out      | q of token 0, of token 1 … | k of token 0 … | v of token 0 … |      each begins where a binding may
 *
 * Whoever wants one of the matrices by itself goes by its first row.
 */
export interface Join {
  readonly weights: readonly Value[];
  /** All of them. */
  readonly whole: Tensor;
}

/** By the name of each weight. */
export type Joins = ReadonlyMap<string, Join>;

/** The name of their call as a variant; without it, each product is made by itself. */
export const JOINED = 'products of the same activations together';

/** Matrices of a join: kernels/lib/shape.wgsl tells so many apart. */
const MOST = 3;

/**
 * The joins of a graph: products in a row of the same activations, whose weights have one type and no other use.
 * @param bindingBytes the most that a kernel sees of a buffer.
 */
export function joinsOf({ nodes }: Graph, bindingBytes: number): Joins {
  const readers = new Map<Value, Node[]>();
  const uses = new Map<string, number>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) {
      readers.set(input, [...(readers.get(input) ?? []), node]);
      if (input.role === 'weight') uses.set(input.name, (uses.get(input.name) ?? 0) + 1);
    }
  }
  const canJoin = ({ op, inputs, out }: Node): boolean =>
    op === matmul &&
    inputs.length === 2 &&
    inputs[0]!.role === 'weight' &&
    inputs[0]!.shape[0]! % PIECE_ROWS === 0 &&
    uses.get(inputs[0]!.name) === 1 &&
    !readers.get(out)?.some((reader) => reader.op === add); // it adds the sum behind it
  const joins = new Map<string, Join>();
  for (const [x, all] of readers) {
    for (const weights of alike(all.filter((node) => node.inputs[1] === x && canJoin(node)))) {
      const join = { weights, whole: wholeOf(weights) };
      if (weights.length > 1 && partsOf(join.whole, bindingBytes).length === 1)
        for (const { name } of weights) joins.set(name, join);
    }
  }
  return joins;
}

/** Weights of products, in runs of one type. */
function alike(products: readonly Node[]): Value[][] {
  const runs: Value[][] = [];
  for (const { inputs } of products) {
    const run = runs.at(-1);
    if (run && run.length < MOST && run[0]!.quant === inputs[0]!.quant) run.push(inputs[0]!);
    else runs.push([inputs[0]!]);
  }
  return runs;
}

function wholeOf(weights: readonly Value[]): Tensor {
  const { quant, shape } = weights[0]!;
  const rows = sum(weights.map((weight) => weight.shape[0]!));
  return { name: weights.map(({ name }) => name).join(' + '), quant, shape: [rows, shape[1]!] };
}

/** The row of the whole at which a matrix begins. */
export function firstRowOf({ weights }: Join, name: string): number {
  const before = weights.slice(
    0,
    weights.findIndex((weight) => weight.name === name),
  );
  return sum(before.map(({ shape }) => shape[0]!));
}
