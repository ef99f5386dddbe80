import type { ActivationKind } from '../../graph/activations.ts';
import type { Cost, Graph, Node, Step } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { compileKernels, createSizes } from '../wasm/kernels.ts';
import { planMemory, planProgram, type MemoryPlan } from '../wasm/plan.ts';
import { checkGraph } from '../wasm/wasm.ts';

/**
 * Runs nothing. It sums up what a graph would take, before a single weight is read. Memory comes from the WASM backend's own
 * plan, not from a second opinion.
 */

export interface MemoryNeeds {
  readonly weights: readonly Tensor[];
  readonly graph: Graph;
  readonly maxSessions: number;
  readonly threads: number;
  /** Default `exact`. */
  readonly activations?: ActivationKind;
}

export type MemoryAnswer = MemoryPlan['parts'] & Pick<MemoryPlan, 'initialBytes' | 'maximumBytes'>;

export interface DryRun {
  /** Bytes the WASM backend would take; also for models far too large for it. */
  memoryOf(needs: MemoryNeeds): MemoryAnswer;
  /** @throws UnsupportedError for what it would refuse. */
  check(graph: Graph): void;
}

/** @param kernels a build; its functions say how large packed weights are. */
export async function startDryRun(kernels: Uint8Array<ArrayBuffer>): Promise<DryRun> {
  const shared = false; // sizes are the same, and an unshared page can be had anywhere
  const sizes = createSizes(await compileKernels(kernels, shared), shared);
  return {
    memoryOf({ graph, activations = 'exact', ...needs }) {
      const plan = planMemory({ ...needs, program: planProgram(graph, sizes, { activations }) }, sizes);
      return { ...plan.parts, initialBytes: plan.initialBytes, maximumBytes: plan.maximumBytes };
    },
    check: (graph) => checkGraph(graph, sizes),
  };
}

export interface MemoryQuestion extends MemoryNeeds {
  readonly kernels: Uint8Array<ArrayBuffer>;
}

/** One question of a dry run. */
export const memoryOf = async ({ kernels, ...needs }: MemoryQuestion): Promise<MemoryAnswer> =>
  (await startDryRun(kernels)).memoryOf(needs);

/** What every node takes in a step, by its op's own definition. */
export const costsOf = (graph: Graph, step: Step): (Cost & { readonly node: Node })[] =>
  graph.nodes.map((node) => ({ node, ...node.op.cost(node, step) }));
