import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VariantRunner, type VariantTrial } from './variant_trials.ts';

/** Variants on Dawn: a test for each of their cases. */
export function testVariants(gpu: GPU, trials: readonly VariantTrial[]): void {
  describe.each(trials)('$name', (trial) => {
    let runner: VariantRunner;
    beforeAll(async () => {
      runner = await VariantRunner.open(gpu, trial);
    });
    afterAll(() => runner?.close());
    test.each(trial.cases)('$name', { timeout: 120_000 }, async (each) => {
      const { error, tolerance } = await runner.run(each);
      expect(error).toBeLessThanOrEqual(tolerance);
    });
  });
}
