import type { ActivationKind } from '../../graph/activations.ts';
import type { Cost, Graph, Node, Step } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { compileBuild, createSizes, type KernelSource } from '../wasm/kernels.ts';
import { expansions } from '../wasm/lower_rare.ts';
import { planMemory, planProgram, type MemoryPlan, type ProgramPlan } from '../wasm/plan.ts';
import { lengthened, planPaged } from '../wasm/paged/paged.ts';
import { checkGraph } from '../wasm/wasm.ts';
import type { PagingPlan } from '../backend.ts';
import { ResourceError } from '../../base/errors.ts';

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

export type MemoryAnswer = MemoryPlan['parts'] & Pick<MemoryPlan, 'maximumBytes'>;

export interface DryRun {
  /** Bytes the WASM backend would take; also for models far too large for it. */
  memoryOf(needs: MemoryNeeds): MemoryAnswer;
  /** The same in so many bytes, where weights are read when they are used; undefined where that is not enough. */
  pagedIn(needs: MemoryNeeds, budgetBytes: number): PagingPlan | undefined;
  /** The kernel calls of a graph. */
  planOf(graph: Graph, activations?: ActivationKind): ProgramPlan;
  /** @throws UnsupportedError for what it would refuse. */
  check(graph: Graph): void;
}

/** A build, whose functions say how large packed weights are. */
export type DrySource = Pick<KernelSource, 'kernels' | 'build'>;

export async function startDryRun(source: DrySource): Promise<DryRun> {
  const shared = false; // sizes are the same, and an unshared page can be had anywhere
  const sizes = createSizes(await compileBuild({ ...source, shared }), shared);
  const planOf = (graph: Graph, activations: ActivationKind = 'exact') =>
    planProgram(graph, sizes, { activations, rare: expansions });
  return {
    memoryOf({ graph, activations, ...needs }) {
      const plan = planMemory({ ...needs, program: planOf(graph, activations) }, sizes);
      return { ...plan.parts, maximumBytes: plan.maximumBytes };
    },
    pagedIn({ graph, activations = 'exact', ...needs }, budgetBytes) {
      const program = planProgram(graph, sizes, { activations, rare: expansions, lengthened });
      try {
        const { maximumBytes, paging } = planPaged({ ...needs, program }, budgetBytes, sizes);
        return { memoryBytes: maximumBytes, bytesPerToken: paging!.bytesPerToken };
      } catch (error) {
        if (error instanceof ResourceError) return undefined;
        throw error;
      }
    },
    planOf,
    check: (graph) => checkGraph(graph, sizes),
  };
}

export type MemoryQuestion = MemoryNeeds & DrySource;

/** One question of a dry run. */
export const memoryOf = async ({ kernels, build, ...needs }: MemoryQuestion): Promise<MemoryAnswer> =>
  (await startDryRun({ kernels, build })).memoryOf(needs);

/** What every node takes in a step, by its op's own definition. */
export const costsOf = (graph: Graph, step: Step): (Cost & { readonly node: Node })[] =>
  graph.nodes.map((node) => ({ node, ...node.op.cost(node, step) }));
