import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matmul } from '../../../src/ops/matmul.ts';
import {
  choosePlain,
  variantsFor,
  type Sizes,
  type Steps,
  type Variant,
} from '../../../src/backends/webgpu/variants.ts';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { weight } from '../../../src/graph/graph.ts';
import { quantByName } from '../../../src/quants/index.ts';
import type { QuantType } from '../../../src/quants/quant_type.ts';
import { expected, type OpCase } from '../../cases/op_case.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { CaseRunner } from '../case_runner.ts';

const { gpu, absent } = await findDawn();

/** Everything that a device may have. */
const able = { has: () => true, activations: 'fast', workgroupBytes: 32768 } as const;

/** Root mean square of the error, relative to that of what is expected; the largest error may be five times it. */
const tolerances = { floats: 2e-6, digits: 1e-4, halves: 3e-3, levels: 0.02 };

/**
 * A min, two scales in a unit, levels of 8 bits: a variant sees no more of a type. (The suite has every type with the plain variants.)
 */
const types = ['q4_1', 'q6_k', 'q8_0', 'f16'].map((name) => quantByName.get(name)!);

interface Trial {
  readonly quant: QuantType;
  readonly nTokens: number;
  readonly rows: number;
  readonly cols: number;
  readonly hasBias?: boolean;
}

const caseOf = ({ quant, nTokens, rows, cols, hasBias = false }: Trial): OpCase => ({
  name: `${quant.name} [${rows}, ${cols}] × ${nTokens} tokens${hasBias ? ', with a bias' : ''}`,
  op: matmul,
  inputs: [
    { role: 'matrix', rows, cols, quant: quant.name },
    { role: 'activation', cols },
    ...(hasBias ? [{ role: 'vector', cols: rows } as const] : []),
  ],
  nTokens,
  tolerance: 0,
  flops: 0,
});

/** More rows and tokens than a tile has, and a few left over. */
function casesFor(quant: QuantType, steps: Steps): OpCase[] {
  const colCounts = quant.blockSize === 1 ? [172, 33] : [3 * quant.blockSize];
  const sizes = steps === 'few' ? { nTokens: 3, rows: 37 } : { nTokens: 71, rows: 131 };
  return colCounts.flatMap((cols) => [
    caseOf({ quant, cols, ...sizes, hasBias: true }),
    caseOf({ quant, cols, ...sizes, rows: 13, nTokens: steps === 'few' ? 1 : 5 }),
  ]);
}

/** How far numbers are from those expected, relative to their root mean square. */
function errorsOf(came: Float32Array, wanted: Float32Array): { readonly usual: number; readonly largest: number } {
  const rms = (floats: Float32Array): number => Math.sqrt(floats.reduce((sum, x) => sum + x * x, 0) / floats.length);
  const differences = came.map((x, i) => Math.abs(x - wanted[i]!));
  const largest = differences.reduce((most, x) => Math.max(most, x), 0);
  return { usual: rms(differences) / rms(wanted), largest: largest / rms(wanted) };
}

/** The variant with these sizes does all products of its steps. */
const opensWith =
  (steps: Steps, variant: Variant, sizes: Sizes) => (plan: Parameters<Parameters<typeof CaseRunner.open>[0]>[0]) =>
    createWebgpuBackend({
      ...plan,
      gpu: gpu!,
      checks: false,
      choose: (node, asked) => (asked === steps ? { variant, sizes } : choosePlain(node, asked)),
    });

function testVariant(
  steps: Steps,
  variant: Variant,
  { sizes, cases }: { sizes: Sizes; cases: readonly OpCase[] },
): void {
  describe(`${variant.name}, ${Object.entries(sizes).join(', ').replaceAll(',', ' ')}`, () => {
    let runner: CaseRunner;
    beforeAll(async () => {
      runner = await CaseRunner.open(opensWith(steps, variant, sizes), cases);
    });
    afterAll(() => runner?.close());
    test.each(cases)('$name', { timeout: 120_000 }, async (each) => {
      const [came] = await runner.run(each);
      const [wanted] = expected(runner.built.get(each)!);
      const { usual, largest } = errorsOf(came!, wanted!);
      expect(usual).toBeLessThanOrEqual(tolerances[variant.form]);
      expect(largest).toBeLessThanOrEqual(5 * tolerances[variant.form]);
    });
  });
}

const matrixOf = (quant: QuantType, cols: number) => weight({ name: 'w', quant, shape: [4, cols] });

describe.skipIf(absent)('every variant of a product agrees with its definition', () => {
  for (const steps of ['few', 'many'] as const) {
    const units = types.filter(({ blockSize }) => blockSize > 1);
    for (const variant of variantsFor(matrixOf(units[0]!, 256), steps, able)) {
      testVariant(steps, variant, {
        sizes: variant.sizes[0]!,
        cases: units.flatMap((type) => casesFor(type, steps)),
      });
      if (variant.form !== 'floats') continue; // sizes are the same for all
      const cases = casesFor(units[0]!, steps);
      for (const sizes of variant.sizes.slice(1)) testVariant(steps, variant, { sizes, cases });
    }
    for (const opCase of casesFor(quantByName.get('f16')!, steps)) {
      const cols = opCase.inputs[0]!.cols;
      for (const variant of variantsFor(matrixOf(quantByName.get('f16')!, cols), steps, able)) {
        testVariant(steps, variant, { sizes: variant.sizes[0]!, cases: [opCase] });
      }
    }
  }
});
