import { unsupported } from '../../../src/backends/webgpu/lower.ts';
import { hasKernel } from '../../../src/backends/webgpu/sources.ts';
import { asError } from '../../../src/base/errors.ts';
import type { Node } from '../../../src/graph/graph.ts';
import { timedCases } from '../../../test/cases/index.ts';
import type { TimedCase } from '../../../test/cases/op_case.ts';
import { opMakers, opTitle, quantMakers, quantTitle, type CaseMaker } from '../cases.ts';
import type { MatmulOptions } from '../matmul_cases.ts';
import { measureCases, type BenchLine, type LimitTasks } from '../measure_cases.ts';
import type { TimingOptions } from '../timing.ts';
import { gpuQuants } from './quants.ts';

const hasOp = (op: Node['op']): boolean => unsupported({ op } as Node) === undefined;

/** Ops that it has kernels for. */
export const gpuOps: readonly TimedCase[] = timedCases.filter(
  ({ op, inputs }) =>
    hasOp(op) && inputs.every(({ role, quant = 'f32' }) => role !== 'matrix' || hasKernel(`quants/${quant}`)),
);

/** Ops that are timed on the CPU, and have no kernel on the GPU. */
export const missingOps: readonly string[] = [...new Set(timedCases.map(({ op }) => op))]
  .filter((op) => !hasOp(op))
  .map(({ name }) => name);

/** Titles of `gpuMakers`. */
export const gpuTitles: readonly string[] = [
  ...gpuQuants.map((quant) => quantTitle('matmul', quant)),
  ...gpuOps.map(opTitle),
];

/** All cases of `ops` on the GPU: products of each type, then everything else. */
export const gpuMakers = (options: MatmulOptions): CaseMaker[] => [
  ...quantMakers('matmul', options, gpuQuants),
  ...opMakers(options, gpuOps),
];

/** What came of cases that share their weights. */
export interface MadeLines {
  readonly lines: readonly BenchLine[];
  /** Why they could not be made or checked: a kernel that does not compile, for example. */
  readonly failure?: string;
}

/** Measures cases. What fails leaves other cases alone, and is told. */
export async function measureMaker({ make }: CaseMaker, limits: LimitTasks, timing: TimingOptions): Promise<MadeLines> {
  try {
    const { cases, close } = await make();
    try {
      return { lines: await measureCases(cases, [], limits, timing) };
    } finally {
      await close();
    }
  } catch (error) {
    return { lines: [], failure: asError(error).message };
  }
}
