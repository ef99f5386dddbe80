import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import type { OpCase } from '../../cases/op_case.ts';
import type { GpuFeature } from '../../../src/platform/gpu.ts';
import { trials } from './support.ts';
import { titleOf, type CaseReport, type ReportJob } from './report.ts';
import { variantTrials } from './variant_trials.ts';

/** The suite's cases where vitest is not. */

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A script with all that it imports: its address in a temporary folder. */
export async function bundled(entry: string, platform: 'node' | 'browser'): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'thimble-')), 'bundle.mjs');
  const entryPoints = [join(root, 'test/backends/webgpu', entry)];
  const conditions = platform === 'browser' ? ['browser'] : [];
  await build({ ...{ absWorkingDir: root, entryPoints, outfile, platform, conditions }, bundle: true, format: 'esm' });
  return outfile;
}

/** Every case that the backend does. */
export const allTitles = trials.cases!.map(titleOf);

/** The first case of each op and each type: for devices that take a quarter of a second to compile a kernel. */
export const fewTitles = trials
  .cases!.filter((each, i, all) => all.findIndex((other) => kernelOf(other) === kernelOf(each)) === i)
  .map(titleOf);

/** Variants of products on a device with these features: one with each set of files. */
export function variantNames(features: readonly GpuFeature[]): string[] {
  const trials = variantTrials(features);
  return trials
    .filter(({ variant }, i) => trials.findIndex((other) => other.variant.name === variant.name) === i)
    .map(({ name }) => name);
}

function kernelOf({ op, inputs }: OpCase): string {
  return `${op.name} ${op.quantInput === undefined ? '' : inputs[op.quantInput]!.quant}`;
}

/** A test for each case; `reports` runs them all, when the first one asks. */
export function testReports(titles: readonly string[], reports: () => Promise<readonly CaseReport[]>): void {
  let all: Promise<readonly CaseReport[]> | undefined;
  const timeout = 600_000; // the first test waits for all of them
  test.each(titles)('%s', { timeout }, async (title) => {
    const report = (await (all ??= reports())).find((each) => each.case === title);
    expect(report?.failure).toBeUndefined();
    expect(report!.error).toBeLessThanOrEqual(report!.tolerance);
  });
}

/** Deno on the PATH, or where .ci/run puts it. */
export function denoPath(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const files = [
    ...folders.map((folder) => join(folder, 'deno')),
    join(cache, 'thimble/engines/node_modules/deno/deno'),
  ];
  return files.find((file) => existsSync(file));
}

/** Runs cases in Deno. One that ends the process fails, and the others run in another process. */
export async function reportsInDeno(script: string, { titles, features }: ReportJob): Promise<CaseReport[]> {
  const reports: CaseReport[] = [];
  while (reports.length < titles.length) {
    const left = titles.slice(reports.length);
    const child = spawn(denoPath()!, ['run', '-A', script], { stdio: 'pipe' });
    child.stdin.end(JSON.stringify({ titles: left, features } satisfies ReportJob));
    const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const came = printed.split('\n').filter((line) => line.startsWith('{'));
    reports.push(...came.map((line) => JSON.parse(line) as CaseReport));
    const failed = left[came.length];
    if (failed !== undefined) reports.push({ case: failed, tolerance: 0, failure: `Deno ended: ${said.slice(-1500)}` });
  }
  return reports;
}
