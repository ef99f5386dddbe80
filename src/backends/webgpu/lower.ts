import type { Graph, Node, Op } from '../../graph/graph.ts';
import { UnsupportedError } from '../../base/errors.ts';
import { attention } from '../../ops/attention.ts';
import { kvStore } from '../../ops/kv_store.ts';
import { addProduct } from '../../ops/add_product.ts';
import { matmul } from '../../ops/matmul.ts';
import { matmulExperts } from '../../ops/matmul_experts.ts';
import { colsOf } from '../../ops/op.ts';
import { deltaNet } from '../../ops/delta_net.ts';
import { ssmScan } from '../../ops/ssm_scan.ts';
import { embed } from '../../ops/embed.ts';
import { ropeAngles } from '../../ops/rope_angles.ts';
import {
  Lowering,
  numbersOf,
  rowsOfNode,
  type Expansion,
  type Grid,
  type Lowered,
  type Surroundings,
} from './calls.ts';
import { lowerEmbed } from './lower_embed.ts';
import { lowerAttention, lowerKvStore } from './lower_attention.ts';
import { lowerMatmulExperts } from './lower_experts.ts';
import { lowerAddProduct, lowerMatmul } from './lower_matmul.ts';
import { lowerRecurrent } from './lower_recurrent.ts';
import { hasKernel, kernelSource } from './sources.ts';
import type { Kernel } from './pipelines.ts';
import type { QuantType } from '../../quants/quant_type.ts';

/**
 * Turns a graph's nodes into kernel calls. Most ops are one call of the kernel that carries their name; a table lists the others. What an
 * op of the first kind takes is written in its kernel: buffers in the order of its inputs, numbers by the names of its scalars, a grid.
 */

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
  const threads = Math.ceil(cols / numbers['threads']!);
  const grids: Readonly<Record<string, Grid>> = {
    'a workgroup a row': { x: 1, y: oneRow },
    'a workgroup a group': { x: cols / (numbers['groupCols'] ?? cols), y: oneRow },
    'a thread a number': { x: threads, y: oneRow },
    'a thread a column': { x: threads, y: () => 1 }, // which takes all rows of the step
  };
  const { grid = 'none' } = kernelSource(files);
  if (!(grid in grids))
    throw new TypeError(
      `kernels/${files.at(-1)}.wgsl has grid "${grid}", expected one of ${Object.keys(grids).join(', ')}`,
    );
  return grids[grid]!;
}

/** Angles depend on positions alone, and a GPU's sine and cosine are good to a few bits only: the CPU's are exact. */
const onHost: Expansion = (lowering, node) => {
  lowering.hostNodes.push({ node, out: lowering.hostSlotOf(node.out) });
};

const expansions: ReadonlyMap<Op, Expansion> = new Map([
  [ropeAngles, onHost],
  [embed, lowerEmbed],
  [kvStore, lowerKvStore],
  [attention, lowerAttention],
  [matmul, lowerMatmul],
  [matmulExperts, lowerMatmulExperts],
  [addProduct, lowerAddProduct],
  [deltaNet, lowerRecurrent],
  [ssmScan, lowerRecurrent],
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
