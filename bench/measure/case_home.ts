import type { Backend } from '../../src/backends/backend.ts';
import { createWasmBackend, type WasmHost } from '../../src/backends/wasm/wasm.ts';
import type { ActivationKind } from '../../src/graph/activations.ts';
import type { Graph, Value } from '../../src/graph/graph.ts';
import type { Build } from '../../src/platform/features.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import type { LimitName } from './bench_case.ts';
import type { Task } from './timing.ts';

/** What a case wants of a backend. */
export interface CasePlan {
  readonly weights: readonly Value[];
  readonly graph: Graph;
  /** Another graph, where it is not known which takes more. */
  readonly part?: Graph | undefined;
  readonly activations?: ActivationKind | undefined;
  /** Programs that are there at the same time. Default 1. */
  readonly maxSessions?: number;
}

/** A backend, and how its runs are timed. */
export interface CaseBackend {
  readonly backend: Backend;
  readonly timed: (run: Task['run']) => Task['run'];
}

/** Where cases run. */
export interface CaseHome {
  open(plan: CasePlan): Promise<CaseBackend>;
  /** The ceiling of products with weights of this type. */
  readonly macsOf: (quant: QuantType) => LimitName;
  /** How often a run goes through a graph that is so large, for its clock to say something. */
  readonly repeatsOf: (size: { readonly nNodes: number; readonly bytes: number }) => number;
  /** How many times a case's tolerance its errors may be: sums of thousands come in another order here. */
  readonly leeway: number;
  /** Whether lines say which kernels ran. */
  readonly tellsKernels: boolean;
}

const isFixed = ({ name }: QuantType): boolean => name === 'f16' || name === 'bf16';

export interface WasmHomeOptions {
  readonly host: WasmHost;
  readonly build: Build;
  readonly threads: number;
}

/** The CPU: 16-bit floats are multiplied as fixed point, and everything else but floats in bytes. */
export const wasmHome = (options: WasmHomeOptions): CaseHome => ({
  async open({ maxSessions = 1, weights, ...plan }) {
    const backend = await createWasmBackend({ ...plan, ...options, weights: [...weights], maxSessions });
    return { backend, timed: (run) => run };
  },
  macsOf: (quant) => (quant.name === 'f32' ? 'f32' : isFixed(quant) ? 'dot16' : 'dot'),
  repeatsOf: () => 1,
  leeway: 1,
  tellsKernels: false,
});
