import type { Value } from '../graph/graph.ts';
import { addProduct } from '../ops/add_product.ts';
import { addScaled } from '../ops/add_scaled.ts';
import { matmul } from '../ops/matmul.ts';
import type { Recorder } from './recorder.ts';

/** A product of two small matrices that is added to a weight: `b · a * scale` (LoRA, Hu et al. 2021, arXiv:2106.09685). */
export interface LowRank {
  readonly a: Value; // [rank, cols]; of the token table [nVocab, rank]
  readonly b: Value; // [rows, rank]
  readonly scale: number;
}

/** A row that is added to what a layer hands on. */
export interface Direction {
  readonly row: Value; // [dim]
  readonly scale: number;
}

/** What a set of adapters adds to a model. */
export interface Additions {
  /** By the name of the weight that they are added to. */
  readonly products: ReadonlyMap<string, readonly LowRank[]>;
  /** By layer. */
  readonly directions: ReadonlyMap<number, readonly Direction[]>;
}

/** The token table, as a projection and as a table that rows are taken from: what is added to it is added to the rows alone. */
const TABLE = 'token_embd.weight';

/**
 * Has a recorder record what adapters add to what a family does. Families know nothing of it.
 * @returns names of weights, and numbers of layers, with additions that no node reads; once the family has recorded.
 */
export function adapt(g: Recorder, { products, directions }: Additions): () => (string | number)[] {
  const used = new Set<string | number>();
  const additionsTo = <K extends string | number, T>(all: ReadonlyMap<K, readonly T[]>, place: K): readonly T[] => {
    used.add(place);
    return all.get(place) ?? [];
  };
  const [linear, embed] = [g.linear.bind(g), g.embed.bind(g)];
  const plus = (x: Value, { b, scale: by }: LowRank, y: Value): Value => g.node(addProduct, [x, b, y], { by });
  /** A fused matrix has one small matrix for all of its parts. */
  const once = (a: Value, x: Value): Value => {
    const known = g.nodes.find(({ op, inputs }) => op === matmul && inputs[0] === a && inputs[1] === x);
    return known ? known.out : linear({ w: a }, x);
  };
  // The small products come first: a thread that has one alone should not begin it last.
  g.linear = (weights, x) => {
    const { name } = weights.w;
    const added = name === TABLE ? [] : additionsTo(products, name);
    const inner = added.map(({ a }) => once(a, x)); // [nTokens, rank] each
    return added.reduce((sum, each, i) => plus(sum, each, inner[i]!), linear(weights, x));
  };
  g.embed = (table) =>
    additionsTo(products, table.name).reduce(
      (sum, each) => plus(sum, each, embed(each.a)),
      embed(table),
    );
  g.layerOut = (x, l) => additionsTo(directions, l).reduce((sum, { row, scale: by }) => g.node(addScaled, [sum, row], { by }), x);
  return () => [...products.keys(), ...directions.keys()].filter((place) => !used.has(place));
}
