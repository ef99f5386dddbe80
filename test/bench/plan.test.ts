import { expect, test } from 'vitest';
import { planOf, stepTitle, threadCounts } from '../../bench/measure/plan.ts';
import { quants } from '../../src/quants/index.ts';

const decoded = quants.filter(({ dequantize }) => dequantize).map(({ name }) => name);

test('a full plan measures every type that can be decoded, each once with all threads', () => {
  const { steps } = planOf({ name: 'full', threads: 4, sweepMib: 64, withModel: true });
  const kernels = steps.flatMap((step) => (step.kind === 'kernel' && step.threads === 4 ? [step.quant] : []));
  expect(kernels.toSorted()).toEqual(decoded.toSorted());
});

test('ceilings and one kernel are measured with each number of threads, models with all and with one', () => {
  const { steps } = planOf({ name: 'quick', threads: 6, sweepMib: 64, withModel: true });
  const threadsOf = (kind: string): number[] =>
    steps.flatMap((step) => (step.kind === kind && 'threads' in step ? [step.threads] : []));
  expect(threadsOf('limits')).toEqual([1, 2, 4, 6]);
  const scaled = steps.flatMap((step) => (step.kind === 'kernel' && step.quant === 'q4_0' ? [step.threads] : []));
  expect(scaled).toEqual([1, 2, 4, 6]);
  expect(threadsOf('model')).toEqual([6, 1]);
});

test('one thread is measured once', () => {
  const titles = planOf({ name: 'full', threads: 1, sweepMib: 64, withModel: true }).steps.map(stepTitle);
  expect(new Set(titles).size).toBe(titles.length);
  expect(titles).toContain('Q4_0, 1 thread');
});

test('numbers of threads double', () => {
  expect([1, 2, 3, 8, 12].map(threadCounts)).toEqual([[1], [1, 2], [1, 2, 3], [1, 2, 4, 8], [1, 2, 4, 8, 12]]);
});

test('a GPU is measured last, in a few steps, with the types that it has kernels for', () => {
  const plan = { name: 'full', threads: 2, sweepMib: 64, withModel: true } as const;
  const without = planOf(plan).steps;
  const { steps } = planOf({ ...plan, gpuQuants: ['q8_0', 'q4_0', 'f16', 'q4_k', 'q6_k'] });
  expect(steps.slice(0, without.length)).toEqual(without);
  expect(steps.slice(without.length)).toEqual([
    { kind: 'gpu limits' },
    { kind: 'gpu kernels', quants: ['q4_0', 'q4_k', 'q6_k', 'q8_0'] },
    { kind: 'gpu kernels', quants: ['f16'] },
    { kind: 'gpu ops' },
    { kind: 'gpu model' },
  ]);
  expect(new Set(steps.map(stepTitle)).size).toBe(steps.length);
});
