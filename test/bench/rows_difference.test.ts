import { expect, test } from 'vitest';
import { addRow, emptyDifference } from '../../bench/lib/rows_difference.ts';

test('the same rows differ in nothing', () => {
  const total = emptyDifference();
  addRow(total, Float32Array.of(1, 3, 2), Float32Array.of(1, 3, 2), 1);
  expect(total).toMatchObject({ squares: 0, nLogits: 3, kl: [0], sameBest: 1 });
  expect(total.nll).toBeCloseTo(Math.log(1 + Math.exp(-1) + Math.exp(-2)), 10);
});

test('divergence is that of what came from what was wanted, and logits shifted as one are the same distribution', () => {
  const total = emptyDifference();
  // wanted: 1/4 and 3/4; came: 1/2 and 1/2, 5 higher
  addRow(total, Float32Array.of(5, 5), Float32Array.of(0, Math.log(3)), 0);
  expect(total.kl[0]).toBeCloseTo(0.25 * Math.log(0.25 / 0.5) + 0.75 * Math.log(0.75 / 0.5), 6);
  expect(total.squares).toBeCloseTo(25 + (5 - Math.log(3)) ** 2, 5);
  expect(total.sameBest).toBe(0); // of two alike the first counts
  expect(total.nll).toBeCloseTo(Math.LN2, 6);
});
