import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { BenchCase } from '../../bench/measure/bench_case.ts';
import type { Limits } from '../../bench/measure/limits.ts';
import { measureCases } from '../../bench/measure/measure_cases.ts';
import { readResult } from '../../bench/measure/result.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('Node measures a device in the form that the page reads', { timeout: 300_000 }, () => {
  const args = ['bench/run.mjs', 'device', '--no-build', '--quick', '--mib', '16', '--threads', '1', '--json'];
  const printed = execFileSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result = readResult(JSON.parse(printed));
  expect(result).toMatchObject({ plan: 'quick', threads: 1, sweepMib: 16 });
  expect(result.device.engine).toBe(`Node ${process.version}`);
  expect(result.ceilings.map(({ limit }) => limit)).toEqual(['read', 'copy', 'dot', 'dot16', 'f32']);
  expect(result.kernels).toHaveLength(8); // four types, two kinds of work
  for (const { timing, error, tolerance } of result.kernels) {
    expect(error).toBeLessThanOrEqual(tolerance);
    expect(timing!.gbPerSecond).toBeGreaterThan(0);
  }
  expect(result.models[0]!.phases.map(({ name }) => name)).toEqual(['prefill 64', 'decode @16']);
});

test('a kernel that computes wrong numbers is told, and not timed', async () => {
  const task = (name: string) => ({ name, amount: 1e6, run: () => undefined });
  const limits = {
    ...Object.fromEntries(['read', 'copy', 'dot', 'dot16', 'f32'].map((name) => [name, task(name)])),
    close: async () => undefined,
  } as unknown as Limits;
  let nRuns = 0;
  const product = (name: string, error: number): BenchCase => ({
    ...{ op: 'matmul q4_0', name, bytes: 1e6, macs: 1e6, limits: { bytes: 'read', macs: 'dot' } },
    check: async () => ({ error, tolerance: 3e-4 }),
    run: () => void (error > 1 && nRuns++),
  });
  const cases = [product('right', 1e-5), product('wrong', 7)];
  const lines = await measureCases(cases, [], limits, { rounds: 1, sampleMs: 1, warmUpMs: 1 });
  expect(lines.map(({ name, timing }) => [name, timing !== undefined])).toEqual([
    ['right', true],
    ['wrong', false],
  ]);
  expect(nRuns).toBe(0);
});
