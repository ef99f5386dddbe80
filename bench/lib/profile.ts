import type { NodeWork } from '../../src/backends/backend.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';

/** Time spent in nodes of one kind. */
export interface ProfileEntry {
  /** The kernel, or all that are fused with it. */
  readonly kernels: string;
  nRuns: number;
  ms: number;
}

/** Adds up what nodes take, kind by kind. */
export class Profile {
  private entries = new Map<string, ProfileEntry>();

  /** A factory whose programs are timed node by node. */
  watch(factory: BackendFactory): BackendFactory {
    const onNode = (work: NodeWork): void => this.add(work);
    return async (plan) => {
      const backend = await factory(plan);
      return { ...backend, prepare: (graph) => backend.prepare(graph, { onNode }) };
    };
  }

  private add({ kernels, ms }: NodeWork): void {
    const entry = this.entries.get(kernels) ?? { kernels, nRuns: 0, ms: 0 };
    entry.nRuns++;
    entry.ms += ms;
    this.entries.set(kernels, entry);
  }

  /** What was added up since the last call, the longest first. */
  take(): ProfileEntry[] {
    const entries = [...this.entries.values()].sort((a, b) => b.ms - a.ms);
    this.entries = new Map();
    return entries;
  }
}
