import { describe, expect, test } from 'vitest';
import { opCases } from '../../cases/index.ts';
import { buildCase, expected } from '../../cases/op_case.ts';
import { errorOf, runCase } from './support.ts';

describe('every kernel agrees with the definition of its op', () => {
  for (const opCase of opCases) {
    test(`${opCase.op.name}: ${opCase.name}`, async () => {
      const came = await runCase(opCase, { build: 'simd' });
      expect(errorOf(came, expected(buildCase(opCase)))).toBeLessThanOrEqual(opCase.tolerance);
    });
  }
});
