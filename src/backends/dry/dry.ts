import type { Cost, Graph, Node, Step } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { compileKernels, createSizes } from '../wasm/kernels.ts';
import { planMemory, planProgram, type MemoryPlan } from '../wasm/plan.ts';

/**
 * Runs nothing. It sums up what a graph would take, before a single weight is read. Memory comes from the WASM backend's own
 * plan, not from a second opinion.
 */

export interface MemoryQuestion {
  readonly weights: readonly Tensor[];
  readonly graph: Graph;
  readonly maxSessions: number;
  readonly threads: number;
  /** A kernel build; its functions say how large packed weights are. */
  readonly kernels: Uint8Array<ArrayBuffer>;
}

export type MemoryAnswer = MemoryPlan['parts'] & Pick<MemoryPlan, 'initialBytes' | 'maximumBytes'>;

/** Bytes the WASM backend would take; also for models far too large for it. */
export async function memoryOf({ kernels, ...needs }: MemoryQuestion): Promise<MemoryAnswer> {
  const shared = false; // sizes are the same, and an unshared page can be had anywhere
  const sizes = createSizes(await compileKernels(kernels, shared), shared);
  const plan = planMemory({ ...needs, program: planProgram(needs.graph, sizes, { activations: 'exact' }) }, sizes);
  return { ...plan.parts, initialBytes: plan.initialBytes, maximumBytes: plan.maximumBytes };
}

/** What every node takes in a step, by its op's own definition. */
export const costsOf = (graph: Graph, step: Step): (Cost & { readonly node: Node })[] =>
  graph.nodes.map((node) => ({ node, ...node.op.cost(node, step) }));
