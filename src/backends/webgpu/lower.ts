import type { Graph, Node } from '../../graph/graph.ts';
import { UnsupportedError } from '../../base/errors.ts';
import { attention } from '../../ops/attention.ts';
import { kvStore } from '../../ops/kv_store.ts';
import { addProduct } from '../../ops/add_product.ts';
import { matmul } from '../../ops/matmul.ts';
import { add } from '../../ops/add.ts';
import { embed } from '../../ops/embed.ts';
import { rope } from '../../ops/rope.ts';
import { ropeAngles } from '../../ops/rope_angles.ts';
import { Lowering, type Expansion, type Lowered, type Surroundings } from './calls.ts';
import { makers } from './fusions.ts';
import { lowerEmbed } from './lower_embed.ts';
import { lowerAttention, lowerKvStore, lowerRope } from './lower_attention.ts';
import { lowerMatmulExperts } from './lower_experts.ts';
import { lowerAdd, lowerAddProduct, lowerMaker, lowerMatmul } from './lower_matmul.ts';
import { plain } from './lower_plain.ts';
import { lowerRecurrent } from './lower_recurrent.ts';
import { readableValues } from '../checks.ts';
import { hasKernel } from './sources.ts';
import type { QuantType } from '../../quants/quant_type.ts';

/**
 * Turns a graph's nodes into kernel calls. Most ops are one call of the kernel that carries their name; a table lists the others. What an
 * op of the first kind takes is written in its kernel: buffers in the order of its inputs, numbers by the names of its scalars, a grid.
 */

/** @param readable values that must be there after a run; default: what no node reads */
export function lower(graph: Graph, surroundings: Surroundings, readable = readableValues(graph)): Lowered {
  const lowering = new Lowering(graph, surroundings, readable);
  for (const node of graph.nodes) (expansions.get(node.op.name) ?? plain)(lowering, node);
  return lowering;
}

/** Why there is no kernel for a node, or undefined where there is one. */
export function unsupported({ op }: Node): string | undefined {
  if (expansions.has(op.name) || hasKernel(op.name)) return undefined;
  return `no GPU kernel does ${op.name}`;
}

/** Angles depend on positions alone, and a GPU's sine and cosine are good to a few bits only: the CPU's are exact. */
const onHost: Expansion = (lowering, node) => {
  lowering.hostNodes.push({ node, out: lowering.hostSlotOf(node.out) });
};

/** By the op's name: in a page each file of the engine has an op of few families of its own. */
const expansions: ReadonlyMap<string, Expansion> = new Map([
  [ropeAngles.name, onHost],
  [embed.name, lowerEmbed],
  [rope.name, lowerRope],
  [kvStore.name, lowerKvStore],
  [attention.name, lowerAttention],
  [matmul.name, lowerMatmul],
  ['matmul_experts', lowerMatmulExperts],
  [addProduct.name, lowerAddProduct],
  ['delta_net', lowerRecurrent],
  ['ssm_scan', lowerRecurrent],
  [add.name, lowerAdd],
  ...[...makers.keys()].map(({ name }) => [name, lowerMaker] as const),
]);

/** Whether kernels read matrices of this type. */
export const readsType = ({ name }: QuantType): boolean => hasKernel(`quants/${name}`);

/** Why no kernel reads a node's matrix, or undefined where one does. */
function unreadable({ op, inputs }: Node): string | undefined {
  const weight = op.quantInput === undefined ? undefined : inputs[op.quantInput];
  if (weight?.role !== 'weight' || readsType(weight.quant)) return undefined;
  return `${weight.name} is ${weight.quant.name}, which no GPU kernel reads`;
}

/** @throws UnsupportedError for a graph with a node that has no kernel, or a matrix of a type that no kernel reads. */
export function checkSupported({ nodes }: Graph): void {
  for (const node of nodes) {
    const why = unsupported(node) ?? unreadable(node);
    if (why) throw new UnsupportedError(`${why}; open the model with backend: 'wasm'`);
  }
}
