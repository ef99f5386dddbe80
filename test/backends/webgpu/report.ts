import type { GpuFeature } from '../../../src/platform/gpu.ts';
import { opCases } from '../../cases/index.ts';
import { errorOf, expected, type OpCase } from '../../cases/op_case.ts';
import { CaseRunner } from '../case_runner.ts';
import { leastError, opensOn } from './support.ts';
import { VariantRunner, variantTrials, type VariantTrial } from './variant_trials.ts';

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
async function* reportCases(gpu: GPU, titles: readonly string[]): AsyncGenerator<CaseReport> {
  const wanted = new Set(titles);
  const cases = opCases.filter((opCase) => wanted.has(titleOf(opCase)));
  if (cases.length === 0) return;
  const runner = await CaseRunner.open(opensOn(gpu), cases);
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

/** The worst of a variant's cases. */
async function reportVariant(gpu: GPU, trial: VariantTrial): Promise<CaseReport> {
  const about = { case: trial.name, tolerance: 0 };
  try {
    const runner = await VariantRunner.open(gpu, trial);
    let worst = { error: 0, tolerance: 1 };
    for (const opCase of trial.cases) {
      const each = await runner.run(opCase);
      if (each.error / each.tolerance >= worst.error / worst.tolerance) worst = each;
    }
    await runner.close();
    return { ...about, ...worst };
  } catch (error) {
    return { ...about, failure: String(error) };
  }
}

/** What is to be run where vitest is not. */
export interface ReportJob {
  readonly titles: readonly string[];
  /** Variants are tried that need no more than these. */
  readonly features: readonly GpuFeature[];
  /** Of each variant one case: for devices that take a quarter of a second to compile a kernel. */
  readonly isQuick?: boolean;
}

/** Cases and variants, whichever the titles name. */
export async function* reportAll(gpu: GPU, { titles, features, isQuick }: ReportJob): AsyncGenerator<CaseReport> {
  yield* reportCases(gpu, titles);
  for (const trial of variantTrials(features)) {
    const cases = trial.cases.slice(0, isQuick ? 1 : undefined);
    if (titles.includes(trial.name)) yield await reportVariant(gpu, { ...trial, cases });
  }
}
