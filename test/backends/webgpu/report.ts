import type { DeviceOptions } from '../../../src/backends/webgpu/device.ts';
import { opCases } from '../../cases/index.ts';
import { errorOf, expected, type OpCase } from '../../cases/op_case.ts';
import { CaseRunner } from '../case_runner.ts';
import { leastError, opensOn } from './support.ts';

/** Cases of ops in Deno and in pages, where vitest is not: what came of each, as plain data. */

export interface CaseReport {
  readonly case: string;
  readonly tolerance: number;
  /** The largest error; absent where the case failed. */
  readonly error?: number;
  readonly failure?: string;
}

export const titleOf = ({ op, name }: OpCase): string => `${op.name}: ${name}`;

/** Runs cases by their titles. One that fails leaves the others alone. */
export async function* reportCases(
  gpu: GPU,
  titles: readonly string[],
  device?: DeviceOptions,
): AsyncGenerator<CaseReport> {
  const wanted = new Set(titles);
  const cases = opCases.filter((opCase) => wanted.has(titleOf(opCase)));
  const runner = await CaseRunner.open(opensOn(gpu, device), cases);
  try {
    for (const opCase of cases) yield await reportCase(runner, opCase);
  } finally {
    await runner.close();
  }
}

async function reportCase(runner: CaseRunner, opCase: OpCase): Promise<CaseReport> {
  const about = { case: titleOf(opCase), tolerance: Math.max(opCase.tolerance, leastError) };
  try {
    const came = await runner.run(opCase);
    const wanted = expected(runner.built.get(opCase)!);
    return { ...about, error: Math.max(...wanted.map((floats, i) => errorOf(came[i]!, floats))) };
  } catch (error) {
    return { ...about, failure: String(error) };
  }
}
