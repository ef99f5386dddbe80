import type { Graph } from '../../graph/graph.ts';
import type { RareExpansions } from './lower.ts';

const rare = /^(matmul_experts|delta_net|ssm_scan)$/;

/** Loads how ops of few families become calls, where a graph has them. */
export const rareExpansions = async ({ nodes }: Graph): Promise<RareExpansions | undefined> =>
  nodes.some(({ op }) => rare.test(op.name)) ? (await import('./lower_rare.ts')).expansions : undefined;
