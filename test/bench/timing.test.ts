import { expect, test, vi } from 'vitest';
import { clockStepMs, interleave } from '../../bench/measure/timing.ts';

const spin = (ms: number): void => {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
};

test('tasks take turns, and each gives one number a round', async () => {
  const order: string[] = [];
  const task = (name: string, ms: number) => ({
    name,
    run() {
      if (order.at(-1) !== name) order.push(name);
      spin(ms);
    },
  });
  const samples = await interleave([task('short', 0.5), task('long', 3)], { rounds: 3, sampleMs: 5 });
  expect(order).toEqual(['short', 'long', 'short', 'long', 'short', 'long', 'short', 'long']); // the first two warm up
  expect(samples.map((ms) => ms.length)).toEqual([3, 3]);
  for (const [i, ms] of samples[0]!.entries()) {
    expect(ms).toBeGreaterThanOrEqual(0.5);
    expect(ms).toBeLessThan(samples[1]![i]!);
  }
});

test('runs that end later are waited for, and a failing one fails the bench', async () => {
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 4));
  const [ms] = await interleave([{ name: 'later', run: later }], { rounds: 1, sampleMs: 1 });
  expect(ms![0]).toBeGreaterThan(3);
  const fails = (): never => {
    throw new Error('no kernel');
  };
  await expect(interleave([{ name: 'fails', run: fails }], { rounds: 1, sampleMs: 1 })).rejects.toThrow('no kernel');
});

test('the step of a clock is seen, and batches are long beside it', async () => {
  let calls = 0;
  expect(clockStepMs(() => Math.floor(calls++ / 7) * 0.25)).toBe(0.25);
  // A clock like WebKit's, of whole milliseconds, in a world where nothing takes time but the task.
  let ms = 0;
  const coarse = vi.spyOn(performance, 'now').mockImplementation(() => Math.floor(ms));
  try {
    const run = (): void => void (ms += 0.3);
    const [samples] = await interleave([{ name: 'short', run }], { rounds: 3, sampleMs: 1, warmUpMs: 1, stepMs: 1 });
    for (const one of samples!) expect(Math.abs(one - 0.3)).toBeLessThan(0.3 / 40);
  } finally {
    coarse.mockRestore();
  }
});
