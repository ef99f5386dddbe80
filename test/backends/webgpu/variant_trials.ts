import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import {
  choosePlain,
  stepNames,
  variantsFor,
  type Able,
  type Sizes,
  type Steps,
  type Variant,
} from '../../../src/backends/webgpu/variants.ts';
import { weight } from '../../../src/graph/graph.ts';
import { matmul } from '../../../src/ops/matmul.ts';
import type { GpuFeature } from '../../../src/platform/gpu.ts';
import { quantByName } from '../../../src/quants/index.ts';
import type { QuantType } from '../../../src/quants/quant_type.ts';
import { expected, type OpCase } from '../../cases/op_case.ts';
import { CaseRunner } from '../case_runner.ts';

/** Every variant of a product, on shapes that leave rows and tokens over: as plain data, because they are tried where vitest is not, too. */

/** Root mean square of the error, relative to that of what is expected; the largest error may be five times it. */
const tolerances = { floats: 2e-6, digits: 1e-4, halves: 3e-3, levels: 0.02 };

/**
 * A min, and two scales in a unit: a variant sees no more of a type. (The suite has every type with the plain variants.) Tiles of few tokens
 * are those of many, but for their size.
 */
const typesFor: Readonly<Record<Steps, readonly string[]>> = {
  few: ['q4_1', 'q6_k'],
  some: ['q4_1'],
  many: ['q4_1', 'q6_k'],
};

interface Shape {
  readonly quant: QuantType;
  readonly nTokens: number;
  readonly rows: number;
  readonly cols: number;
  readonly hasBias?: boolean;
}

const caseOf = ({ quant, nTokens, rows, cols, hasBias = false }: Shape): OpCase => ({
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

/** More rows and tokens than a block has, and a few left over; then fewer. */
const shapes: Readonly<Record<Steps, readonly Pick<Shape, 'nTokens' | 'rows'>[]>> = {
  few: [
    { nTokens: 3, rows: 37 },
    { nTokens: 1, rows: 13 },
  ],
  some: [
    { nTokens: 13, rows: 131 },
    { nTokens: 5, rows: 13 },
  ],
  many: [
    { nTokens: 71, rows: 131 },
    { nTokens: 17, rows: 13 },
  ],
};

function casesFor(quant: QuantType, steps: Steps): OpCase[] {
  const colCounts = quant.blockSize === 1 ? [172, 33] : [3 * quant.blockSize];
  return colCounts.flatMap((cols) =>
    shapes[steps].map((shape, i) => caseOf({ quant, cols, ...shape, hasBias: i === 0 })),
  );
}

/** A variant with some sizes, and what it is tried on. */
export interface VariantTrial {
  readonly name: string;
  readonly steps: Steps;
  readonly variant: Variant;
  readonly sizes: Sizes;
  readonly cases: readonly OpCase[];
}

const matrixOf = (quant: QuantType, cols: number) => weight({ name: 'w', quant, shape: [4, cols] });

/** All that a device with these features has. */
export function variantTrials(features: readonly GpuFeature[]): VariantTrial[] {
  const able: Able = { has: (feature) => features.includes(feature), activations: 'fast', workgroupBytes: 32768 };
  return stepNames.flatMap((steps) => trialsOf(steps, able));
}

function trialsOf(steps: Steps, able: Able): VariantTrial[] {
  const trial = (variant: Variant, sizes: Sizes, cases: readonly OpCase[]): VariantTrial => {
    const suffix = Object.entries(sizes).map(([name, size]) => `${name} ${size}`);
    return { name: [variant.name, ...suffix].join(', '), steps, variant, sizes, cases };
  };
  const units = typesFor[steps].map((name) => quantByName.get(name)!);
  const ofLevels = variantsFor(matrixOf(units[0]!, 256), steps, able).flatMap((variant) => {
    const [first, ...others] = variant.sizes;
    const some = casesFor(units[0]!, steps);
    return [
      trial(
        variant,
        first!,
        units.flatMap((type) => casesFor(type, steps)),
      ),
      ...(variant.form === 'floats' ? others.map((sizes) => trial(variant, sizes, some)) : []), // sizes are the same for all
    ];
  });
  const f16 = quantByName.get('f16')!;
  const ofFloats = (steps === 'some' ? [] : casesFor(f16, steps)).flatMap((opCase) =>
    variantsFor(matrixOf(f16, opCase.inputs[0]!.cols), steps, able).map((variant) =>
      trial(variant, variant.sizes[0]!, [opCase]),
    ),
  );
  return [...ofLevels, ...ofFloats];
}

/** How far numbers are from those expected, relative to their root mean square. */
function errorsOf(came: Float32Array, wanted: Float32Array): { readonly usual: number; readonly largest: number } {
  const rms = (floats: Float32Array): number => Math.sqrt(floats.reduce((sum, x) => sum + x * x, 0) / floats.length);
  const differences = came.map((x, i) => Math.abs(x - wanted[i]!));
  const largest = differences.reduce((most, x) => Math.max(most, x), 0);
  return { usual: rms(differences) / rms(wanted), largest: largest / rms(wanted) };
}

/** A trial under way: its variant does all products of its steps. */
export class VariantRunner {
  private readonly trial: VariantTrial;
  private readonly runner: CaseRunner;

  private constructor(trial: VariantTrial, runner: CaseRunner) {
    this.trial = trial;
    this.runner = runner;
  }

  static async open(gpu: GPU, trial: VariantTrial): Promise<VariantRunner> {
    const { steps, variant, sizes, cases } = trial;
    const open = (plan: Parameters<Parameters<typeof CaseRunner.open>[0]>[0]) =>
      createWebgpuBackend({
        ...plan,
        gpu,
        checks: false,
        choose: (node, asked) => (asked === steps ? { variant, sizes } : choosePlain(node, asked)),
      });
    return new VariantRunner(trial, await CaseRunner.open(open, cases));
  }

  /** The usual error, or a fifth of the largest one, whichever is more; and how much of it there may be. */
  async run(opCase: OpCase): Promise<{ readonly error: number; readonly tolerance: number }> {
    const [came] = await this.runner.run(opCase);
    const [wanted] = expected(this.runner.built.get(opCase)!);
    const { usual, largest } = errorsOf(came!, wanted!);
    return { error: Math.max(usual, largest / 5), tolerance: tolerances[this.trial.variant.form] };
  }

  close(): Promise<void> {
    return this.runner.close();
  }
}
