import { describe, expect, it, test } from 'vitest';
import { encoderOf } from '../../src/compress/encode/index.ts';
import { activationKinds, type ActivationKind } from '../../src/graph/activations.ts';
import { activationSpan } from '../../src/backends/wasm/lower.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { DOT, missing, multiply, namesIn, openKernels, type Build, type Product } from './kernels.ts';
import {
  dequantized,
  fixedPoint,
  isFixed,
  LARGEST_LEVEL,
  multiplied,
  quantizedRows,
  quantNamed,
  randomFile,
  randomFrom,
  randomRows,
  TYPES,
} from './weights.ts';

const builds: Build[] = ['simd', 'relaxed'];
const skipReason = missing('relaxed');
const skipped = (build: Build): boolean => build === 'relaxed' && skipReason !== undefined;
const titleOf = (build: Build): string => (skipped(build) ? `${build} (skipped: ${skipReason})` : build);

const ROWS = [1, 3, 4, 5, 16, 17, 33];
const N_TOKENS = 13;
const colsOf = (blockSize: number): number[] =>
  blockSize === 1 ? [1, 31, 172] : blockSize === 256 ? [256, 768] : [blockSize, 3 * blockSize, 5 * blockSize];

/** A type of weights, with the kind of activations that they are multiplied with. */
interface Kernel {
  readonly name: string;
  readonly activations: ActivationKind;
}

/** Types that can be multiplied with fast activations; products of all others stay exact, whatever a model is opened with. */
const FAST = ['q4_0', 'q4_1', 'q8_0', 'q4_k', 'q5_k', 'q6_k'];

const KERNELS = TYPES.flatMap((name): Kernel[] =>
  (FAST.includes(name) ? activationKinds : (['exact'] as const)).map((activations) => ({ name, activations })),
);

function productOf({ name, activations }: Kernel, rows: number, cols: number, nTokens = N_TOKENS): Product {
  const quant = quantNamed(name);
  return { quant, activations, rows, cols, file: randomFile(quant, rows, cols), x: randomRows(nTokens, cols) };
}

/** All shapes of a type. */
const shapesOf = ({ name }: Kernel): [number, number][] =>
  colsOf(quantNamed(name).blockSize).flatMap((cols) => ROWS.map((rows): [number, number] => [rows, cols]));

/** What the product should be, in float64 from the operands that the kernels have, and how far float32 sums of blocks may be from it. */
function reference({ quant, activations = 'exact', file, rows, cols, x, bias }: Product): {
  out: Float64Array;
  slack: Float64Array;
} {
  const w = multiplied(quant, file, cols);
  const nTokens = x.length / cols;
  const span = activationSpan(quant);
  const { levels, scales } = quantizedRows(x, cols, span, LARGEST_LEVEL[activations]);
  const perRow = Math.ceil(cols / span);
  const scaleAt = (t: number, k: number): number => scales[t * perRow + Math.floor(k / span)]!;
  const out = new Float64Array(nTokens * rows);
  const slack = new Float64Array(nTokens * rows);
  for (let t = 0; t < nTokens; t++) {
    for (let r = 0; r < rows; r++) {
      let sum = bias?.[r] ?? 0;
      let size = 0;
      let largest = 0;
      for (let k = 0; k < cols; k++) {
        const i = t * cols + k;
        const value = quant.name === 'f32' ? x[i]! : levels[i]! * scaleAt(t, k);
        sum += w[r * cols + k]! * value;
        largest = Math.max(k % 256 === 0 ? 0 : largest, Math.abs(w[r * cols + k]!));
        size += largest * Math.abs(value);
      }
      out[t * rows + r] = sum;
      slack[t * rows + r] = 1e-6 * (size + Math.abs(sum)) + 1e-30;
    }
  }
  return { out, slack };
}

/** The product of what was given, and how far rounding activations, and fixed point weights, by half a level may move it. */
function unrounded(product: Product): ReturnType<typeof reference> {
  const { quant, activations = 'exact', file, rows, cols, x } = product;
  const w = dequantized(quant, file);
  const { slack } = reference(product);
  const out = new Float64Array(slack.length);
  for (let i = 0; i < out.length; i++) {
    const [t, r] = [Math.floor(i / rows), i % rows];
    const span = activationSpan(quant);
    for (let k = 0; k < cols; k += span) {
      const end = Math.min(k + span, cols);
      const block = x.subarray(t * cols + k, t * cols + end);
      const largest = (values: Float32Array): number => values.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
      const level = largest(block) / LARGEST_LEVEL[activations];
      const weightLevel = isFixed(quant.name) ? largest(w.subarray(r * cols + k, r * cols + end)) / 2048 : 0; // at most
      block.forEach((value, j) => {
        const weight = w[r * cols + k + j]!;
        out[i]! += weight * value;
        slack[i]! += (Math.abs(weight) * level + weightLevel * (Math.abs(value) + level)) / 2;
      });
    }
  }
  return { out, slack };
}

function expectClose(came: Float32Array, { out, slack }: ReturnType<typeof reference>): void {
  const far = out.findIndex((value, i) => !(Math.abs(came[i]! - value) <= slack[i]!));
  if (far >= 0) expect.fail(`element ${far}: ${came[far]} should be ${out[far]} ± ${slack[far]}`);
}

/** Token by token: the bits of a result must not depend on what else is computed with it. */
const bitsOf = (floats: Float32Array): Uint32Array => new Uint32Array(floats.buffer, floats.byteOffset, floats.length);

test.each(builds)('the types with kernels for fast activations are the same in every build: %s', (build) => {
  if (skipped(build)) return;
  const names = Object.keys(openKernels(build).exports).flatMap((name) => /^matmul_(.*)_fast$/.exec(name)?.[1] ?? []);
  expect(names.sort()).toEqual([...FAST].sort());
});

/** The second file has these once more: there tokens share what is unpacked. */
const FEW = ['q4_0', 'q6_k'];

describe.each(builds)('products that are in both files: %s', (build) => {
  if (skipped(build)) return void it.skip(titleOf(build), () => undefined);
  const first = openKernels(build, undefined, [build]);
  const both = openKernels(build);

  it('are those of types that most models have', () => {
    const names = new Set(namesIn(build).filter((name) => name.startsWith('matmul_') && name !== 'matmul_items'));
    expect(
      namesIn(`${build}.more`)
        .filter((name) => names.has(name))
        .sort(),
    ).toEqual(FEW.map((name) => `matmul_${name}`));
  });

  it.each(FEW)('give a token the same bits, however many there are: %s', (name) => {
    const quant = quantNamed(name);
    for (const [rows, cols, nTokens] of [4, 5, 6, 7, 8, 11, 12, 14].map(
      (n) => [144 + n, 3 * quant.blockSize, n] as const,
    )) {
      const product = {
        ...productOf({ name, activations: 'exact' }, rows, cols, nTokens),
        bias: randomRows(1, rows, 3),
      };
      expect(bitsOf(multiply(both, product))).toEqual(bitsOf(multiply(first, product)));
      expectClose(multiply(first, product), reference(product));
    }
  });
});

describe.each(KERNELS)('matmul_$name, $activations activations', (kernel) => {
  const { name } = kernel;
  for (const build of builds) {
    describe.skipIf(skipped(build))(titleOf(build), () => {
      const kernels = openKernels(build);

      it('is the product of dequantised weights and quantised activations, for odd shapes too', () => {
        for (const [rows, cols] of shapesOf(kernel)) {
          const product = { ...productOf(kernel, rows, cols), bias: randomRows(1, rows, 3) };
          expectClose(multiply(kernels, product), reference(product));
        }
      });

      it.skipIf(name === 'f32')('rounds activations to 15 or 8 bits, and fixed point weights to 13, no more', () => {
        for (const [rows, cols] of shapesOf(kernel).slice(-3)) {
          const product = productOf(kernel, rows, cols);
          expectClose(multiply(kernels, product), unrounded(product));
        }
      });

      it('gives a token the same bits however many tokens there are', () => {
        for (const [rows, cols] of shapesOf(kernel).slice(-3)) {
          const product = productOf(kernel, rows, cols);
          const all = bitsOf(multiply(kernels, product));
          for (const nTokens of [1, 2, 3, 4, 5, 6, 7, 8, 12]) {
            const some = multiply(kernels, { ...product, x: product.x.subarray(0, nTokens * cols) });
            expect(bitsOf(some)).toEqual(all.slice(0, nTokens * rows));
          }
        }
      });

      it('gives the same bits however the items are shared out and the weights are packed', () => {
        const [, cols] = shapesOf(kernel).at(-1)!;
        for (const nTokens of [1, 5]) {
          const product = productOf(kernel, 150, cols, nTokens); // ten items: more than go side by side
          const whole = bitsOf(multiply(kernels, product));
          expect(bitsOf(multiply(kernels, { ...product, cuts: [1, 2, 4] }))).toEqual(whole);
          expect(bitsOf(multiply(kernels, { ...product, rowsPerPiece: 16 }))).toEqual(whole);
        }
      });

      it('does not let a NaN or an infinity get lost, nor spread to other tokens', () => {
        const cols = colsOf(quantNamed(name).blockSize).at(-1)!;
        const product = productOf(kernel, 17, cols, 6);
        const clean = multiply(kernels, product);
        for (const [bad, tokens] of [
          [NaN, 6],
          [Infinity, 6],
          [NaN, 1],
          [-Infinity, 1],
        ] as const) {
          const x = product.x.slice(0, tokens * cols);
          x[cols - 1] = bad;
          const came = multiply(kernels, { ...product, x });
          expect([...came.subarray(0, 17)].every((value) => !Number.isFinite(value))).toBe(true);
          expect(came.subarray(17)).toEqual(clean.subarray(17, tokens * 17));
        }
      });
    });
  }

  describe.skipIf(skipped('relaxed'))(`relaxed and simd${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
    it('agree to the bit, whatever the machine makes of a second operand above 127', () => {
      const simd = openKernels('simd');
      const kind = openKernels('relaxed').exports['probe_dot']!();
      // An unsigned machine does everything that a seven-bit one does.
      const kinds = kind === DOT.unsigned ? [DOT.unsigned, DOT.sevenBit] : [kind];
      for (const relaxed of kinds.map((each) => openKernels('relaxed', each))) {
        for (const [rows, cols] of shapesOf(kernel)) {
          for (const nTokens of [1, N_TOKENS]) {
            const product = productOf(kernel, rows, cols, nTokens);
            expect(bitsOf(multiply(relaxed, product))).toEqual(bitsOf(multiply(simd, product)));
          }
        }
      }
    });
  });
});

describe.each(['f16', 'bf16'])('%s sums of 32 products', (name) => {
  it('fit in 32 bits where every activation is as large as can be and has the sign of its weight', () => {
    const random = randomFrom(5);
    const [rows, cols] = [16, 320];
    // alike in the first block; from one to the next fewer are large
    const magnitude = (k: number): number => (random() ** (k >> 5) * (256 - 1 - (k & 1)) + 1) / 128;
    const w = Float32Array.from({ length: rows * cols }, (_, i) => magnitude(i % cols) * (i % 3 ? 1 : -1));
    const quant = quantNamed(name);
    const file = new Uint8Array(2 * w.length);
    encoderOf(quant)!(w, file);
    const exact = dequantized(quant, file);
    for (let row = 0; row < rows; row++) {
      const x = exact.slice(row * cols, row * cols + cols).map(Math.sign);
      const sum = exact.subarray(row * cols, row * cols + cols).reduce((total, value) => total + Math.abs(value), 0);
      for (const build of builds.filter((each) => !skipped(each))) {
        expect(multiply(openKernels(build), { quant, file, rows, cols, x })[row]! / sum).toBeCloseTo(1, 4);
      }
    }
  });
});

describe('the order of operations', () => {
  const withGrids = ['iq2_xxs', 'iq2_xs', 'iq2_s', 'iq3_xxs', 'iq3_s', 'iq1_s', 'iq1_m'];

  /** `file` with the f16 numbers of its blocks replaced: a scale of 1 and a min of 0 leave the bare levels. */
  function withHalves(file: Uint8Array, blockBytes: number, halves: readonly number[]): Uint8Array {
    const copy = file.slice();
    const view = new DataView(copy.buffer);
    for (let at = 0; at < copy.length; at += blockBytes) {
      halves.forEach((half, i) => view.setUint16(at + 2 * i, half, true));
    }
    return copy;
  }

  const ONE = 0x3c00;

  const of = (names: readonly string[]): Kernel[] => KERNELS.filter(({ name }) => names.includes(name));

  it.each(of(['q4_0', 'q5_0', 'q8_0', 'q4_1', 'q5_1', 'iq4_nl', 'q2_0']))(
    '$name $activations: as lib/mat_vec.ts says, to the bit',
    (kernel) => {
      const { name, activations } = kernel;
      const product = productOf(kernel, 17, 5 * quantNamed(kernel.name).blockSize);
      const { quant, file, rows, cols, x } = product;
      const hasMins = name.endsWith('_1'); // q4_1 and q5_1
      const weightLevels = dequantized(quant, withHalves(file, quant.blockBytes, hasMins ? [ONE, 0] : [ONE]));
      const view = new DataView(file.buffer);
      const { levels, scales } = quantizedRows(x, cols, 32, LARGEST_LEVEL[activations]);
      const expected = new Float32Array((x.length / cols) * rows);
      for (let i = 0; i < expected.length; i++) {
        const [t, r] = [Math.floor(i / rows), i % rows];
        let sum = 0;
        for (let b = 0; b < cols / 32; b++) {
          const block = Math.floor((r * cols + 32 * b) / quant.blockSize) * quant.blockBytes;
          let dot = 0;
          let xSum = 0;
          for (let k = 32 * b; k < 32 * b + 32; k++) {
            dot += weightLevels[r * cols + k]! * levels[t * cols + k]!;
            xSum += levels[t * cols + k]!;
          }
          const xScale = scales[(t * cols) / 32 + b]!;
          sum = Math.fround(sum + Math.fround(Math.fround(half(view, block) * xScale) * dot));
          if (hasMins) sum = Math.fround(sum + Math.fround(half(view, block + 2) * Math.fround(xScale * xSum)));
        }
        expected[i] = sum;
      }
      for (const build of builds.filter((each) => !skipped(each))) {
        expect(bitsOf(multiply(openKernels(build), product))).toEqual(bitsOf(expected));
      }
    },
  );

  it.each(of(['q2_k', 'q3_k', 'q4_k', 'q5_k', 'q6_k', 'iq4_xs', 'q1_0', 'tq1_0', 'tq2_0', ...withGrids, 'nvfp4']))(
    '$name $activations: as lib/mat_vec.ts says, to the bit',
    (kernel) => {
      const { name, activations } = kernel;
      const product = productOf(kernel, 17, 512);
      const { file, rows, cols, x } = product;
      const layout = superBlocks[name]!;
      const { quant } = product;
      const span = quant.blockSize;
      const { products, minusMins } = partsOf(quant, file, layout);
      const view = new DataView(file.buffer);
      const { levels, scales } = quantizedRows(x, cols, span, LARGEST_LEVEL[activations]);
      const expected = new Float32Array((x.length / cols) * rows);
      for (let i = 0; i < expected.length; i++) {
        const [t, r] = [Math.floor(i / rows), i % rows];
        let sum = 0;
        for (let b = 0; b < cols / span; b++) {
          const block = ((r * cols) / span + b) * quant.blockBytes;
          let part = 0;
          let minSum = 0;
          for (let sub = span * b; sub < span * (b + 1); sub += layout.cols) {
            let dot = 0;
            for (let k = sub; k < sub + layout.cols; k++) {
              dot += products[r * cols + k]! * levels[t * cols + k]!;
              if (minusMins) minSum += minusMins[r * cols + k]! * levels[t * cols + k]!;
            }
            part = Math.fround(part + Math.fround(dot));
          }
          const xScale = scales[(t * cols) / span + b]!;
          sum = Math.fround(sum + Math.fround(part * Math.fround(dOf(view, block, layout) * xScale)));
          if (layout.dmin === undefined) continue;
          const dmin = Math.fround(half(view, block + layout.dmin) * xScale);
          sum = Math.fround(sum + Math.fround(Math.fround(minSum) * dmin));
        }
        expected[i] = sum;
      }
      for (const build of builds.filter((each) => !skipped(each))) {
        expect(bitsOf(multiply(openKernels(build), product))).toEqual(bitsOf(expected));
      }
    },
  );

  it.each(['q2_k', 'q3_k', 'q4_k', 'q5_k', 'q6_k', 'iq4_xs', 'q1_0', 'tq1_0', 'tq2_0', ...withGrids, 'nvfp4'])(
    '%s: integer sums fit with everything at its largest',
    (name) => {
      const [rows, cols] = [16, 512];
      const random = productOf({ name, activations: 'exact' }, rows, cols);
      const layout = superBlocks[name]!;
      for (const [fill, scale] of [
        [0x00, 0x80], // lowest levels; Q6_K's scales are a byte each, with a sign
        [0xff, 0x7f],
      ] as const) {
        const filled = new Uint8Array(random.file.length).fill(fill);
        if (name === 'q6_k') for (let b = 192; b < filled.length; b += 210) filled.fill(scale, b, b + 16);
        if (name === 'nvfp4') for (let b = 0; b < filled.length; b += 36) filled.fill(126, b, b + 4);
        const file = withNumbers(filled, random.quant.blockBytes, layout, ONE, ONE);
        for (const sign of [1, -1]) {
          const product = { ...random, file, x: new Float32Array(13 * cols).fill(sign) };
          const { out } = reference(product);
          for (const build of builds.filter((each) => !skipped(each))) {
            for (const x of [product.x, product.x.subarray(0, cols)]) {
              const came = multiply(openKernels(build), { ...product, x });
              came.forEach((value, i) =>
                expect(Math.abs(value - out[i]!)).toBeLessThanOrEqual(2e-6 * Math.abs(out[i]!)),
              );
            }
          }
        }
      }
    },
  );

  interface SuperBlock {
    /** Where its f16 numbers are. */
    readonly d?: number;
    readonly dmin?: number;
    /** Bytes whose upper halves are those of d, instead. */
    readonly dNibbles?: readonly number[];
    /** Columns that share a scale. */
    readonly cols: number;
  }

  const superBlocks: Record<string, SuperBlock> = {
    q2_k: { d: 80, dmin: 82, cols: 16 },
    q3_k: { d: 108, cols: 16 },
    q4_k: { d: 0, dmin: 2, cols: 32 },
    q5_k: { d: 0, dmin: 2, cols: 32 },
    q6_k: { d: 208, cols: 16 },
    iq4_xs: { d: 0, cols: 32 },
    q1_0: { d: 0, cols: 32 },
    tq1_0: { d: 52, cols: 32 },
    tq2_0: { d: 64, cols: 32 },
    iq2_xxs: { d: 0, cols: 32 },
    iq2_xs: { d: 0, cols: 16 },
    iq2_s: { d: 0, cols: 16 },
    iq3_xxs: { d: 0, cols: 32 },
    iq3_s: { d: 0, cols: 32 },
    iq1_s: { d: 0, dmin: 0, cols: 32 },
    iq1_m: { dNibbles: [49, 51, 53, 55], cols: 16 },
    nvfp4: { cols: 16 },
  };

  /** With d = 1 and dmin = 0 dequantising gives scale * level, with d = 0 and dmin = 1 it gives -min. */
  function partsOf(
    quant: QuantType,
    file: Uint8Array,
    layout: SuperBlock,
  ): { products: Float32Array; minusMins?: Float32Array } {
    const products = dequantized(quant, withNumbers(file, quant.blockBytes, layout, ONE, 0));
    if (layout.dmin === undefined) return { products };
    if (quant.name !== 'iq1_s') {
      return { products, minusMins: dequantized(quant, withNumbers(file, quant.blockBytes, layout, 0, ONE)) };
    }
    // row 0 of its grid has the lowest numbers only, which are the levels 0
    const ones = withNumbers(file, quant.blockBytes, layout, ONE, ONE);
    const lowest = ones.map((byte, i) => {
      const at = i % 50;
      return at < 2 ? byte : at < 34 || at % 2 === 0 ? 0 : byte & 0xf0;
    });
    const minusMins = dequantized(quant, lowest);
    return { products: dequantized(quant, ones).map((weight, i) => weight - minusMins[i]!), minusMins };
  }

  function dOf(view: DataView, block: number, { d, dNibbles }: SuperBlock): number {
    const bits = dNibbles?.reduce((sum, offset, i) => sum | ((view.getUint8(block + offset) >> 4) << (4 * i)), 0);
    return d === undefined && bits === undefined ? 1 : quantNamedHalf(bits ?? view.getUint16(block + d!, true));
  }

  function withNumbers(file: Uint8Array, blockBytes: number, at: SuperBlock, d: number, dmin: number): Uint8Array {
    const copy = file.slice();
    const view = new DataView(copy.buffer);
    for (let block = 0; block < copy.length; block += blockBytes) {
      if (at.d !== undefined) view.setUint16(block + at.d, d, true);
      at.dNibbles?.forEach((offset, i) => {
        copy[block + offset] = (copy[block + offset]! & 15) | (((d >> (4 * i)) & 15) << 4);
      });
      if (at.dmin !== undefined) view.setUint16(block + at.dmin, dmin, true);
    }
    return copy;
  }

  const half = (view: DataView, at: number): number => quantNamedHalf(view.getUint16(at, true));

  const quantNamedHalf = (bits: number): number => {
    const out = new Float32Array(1);
    quantNamed('f16').dequantize!(new Uint8Array([bits & 255, bits >> 8]), out);
    return out[0]!;
  };

  it.each(['f16', 'bf16'])('%s: as lib/fixed_mat_vec.ts says, to the bit', (name) => {
    const product = productOf({ name, activations: 'exact' }, 17, 172);
    const { quant, file, rows, cols, x } = product;
    const w = fixedPoint(dequantized(quant, file), cols);
    const a = quantizedRows(x, cols);
    const nBlocks = Math.ceil(cols / 32);
    const expected = new Float32Array((x.length / cols) * rows);
    for (let i = 0; i < expected.length; i++) {
      const [t, r] = [Math.floor(i / rows), i % rows];
      let sum = 0;
      for (let b = 0; b < nBlocks; b++) {
        let dot = 0;
        for (let k = 32 * b; k < Math.min(32 * b + 32, cols); k++)
          dot += w.levels[r * cols + k]! * a.levels[t * cols + k]!;
        const scale = Math.fround(w.scales[r * nBlocks + b]! * a.scales[t * nBlocks + b]!);
        sum = Math.fround(sum + Math.fround(Math.fround(dot) * scale));
      }
      expected[i] = sum;
    }
    for (const build of builds.filter((each) => !skipped(each))) {
      expect(bitsOf(multiply(openKernels(build), product))).toEqual(bitsOf(expected));
    }
  });

  it('f32: columns ascending, one rounding per operation', () => {
    const product = productOf({ name: 'f32', activations: 'exact' }, 17, 172);
    const { quant, file, rows, cols, x } = product;
    const w = dequantized(quant, file);
    const expected = new Float32Array((x.length / cols) * rows);
    for (let i = 0; i < expected.length; i++) {
      const [t, r] = [Math.floor(i / rows), i % rows];
      let sum = 0;
      for (let k = 0; k < cols; k++) sum = Math.fround(sum + Math.fround(w[r * cols + k]! * x[t * cols + k]!));
      expected[i] = sum;
    }
    for (const build of builds.filter((each) => !skipped(each))) {
      expect(bitsOf(multiply(openKernels(build), product))).toEqual(bitsOf(expected));
    }
  });
});
