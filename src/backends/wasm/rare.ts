import type { Graph } from '../../graph/graph.ts';
import type { RareExpansions } from './lower.ts';

/** Loads how ops of few families become calls, where a graph has them. */
export const rareExpansions = async ({ nodes }: Graph): Promise<RareExpansions | undefined> =>
  nodes.some(({ op }) => op.name === 'matmul_experts') ? (await import('./lower_experts.ts')).expansions : undefined;
