import { describe, expect, test } from 'vitest';
import { activationSpan, quantizerOf } from '../../src/backends/wasm/lower.ts';
import { choicesOf } from '../cases/choices.ts';
import { floatsAt, missing, multiply, openKernels, packMatrix, putFloats, runKernel, type Build } from './kernels.ts';
import type { Kernels } from './kernels.ts';
import { quantNamed, randomFile, randomRows } from './weights.ts';

const [nExperts, nUsed, rows, nRows] = [5, 2, 37, 23];
const files = (name: string, cols: number): Uint8Array[] =>
  Array.from({ length: nExperts }, (_, e) => randomFile(quantNamed(name), rows, cols, e + 1));

interface Experts {
  readonly name: string;
  readonly cols: number;
  readonly x: Float32Array;
  readonly xCols: number;
  readonly bias: Float32Array;
  /** An expert whose matrix is not in memory. */
  readonly absent?: number;
  /** Ends of what a thread does at a time. */
  readonly cuts?: readonly number[];
}

const chosen = choicesOf(nExperts, nUsed).numbers!(nRows * 2 * nUsed);

/** What the three kernels make: `[nRows, nUsed, rows]`. */
function multiplyExperts(k: Kernels, { name, cols, x, xCols, bias, absent, cuts = [] }: Experts): Float32Array {
  k.reset();
  const quant = quantNamed(name);
  const quantizer = quantizerOf(quant);
  const table = k.alloc(4 * nExperts);
  const places = files(name, cols).map((file) => packMatrix(k, { quant, file, rows, cols }));
  new Uint32Array(k.bytes.buffer, table, nExperts).set(places.map((at, e) => (e === absent ? 0 : at)));
  const choices = k.alloc(4 * (1 + 3 * nExperts + 2 * nRows * nUsed));
  runKernel(k, 'sort_choices', nRows, [choices, putFloats(k, chosen), nExperts, nUsed], 0, 1);
  const rowBytes = quantizer ? k.exports['activations_bytes']!(1, cols, activationSpan(quant)) : 4 * cols;
  const sorted = k.alloc(nRows * nUsed * rowBytes);
  const how = quantizer ? k.kernelIndex(quantizer)! : 0;
  const from = putFloats(k, x);
  runKernel(k, 'sort_activations', nRows, [sorted, from, choices, nExperts, nUsed, cols, xCols, how], 0, nRows);
  const out = k.alloc(4 * nRows * nUsed * rows);
  const shape = [nExperts, rows, cols, xCols, nUsed];
  const record = [
    out,
    table,
    sorted,
    choices,
    putFloats(k, bias),
    ...shape,
    k.kernelIndex(`matmul_${name}`)!,
    rowBytes,
  ];
  let begin = 0;
  for (const end of [...cuts, nExperts * Math.ceil(rows / 16)]) {
    runKernel(k, 'matmul_experts', nRows, record, begin, end);
    begin = end;
  }
  return floatsAt(k, out, nRows * nUsed * rows);
}

/** The same, one choice after the other, by the kernel that multiplies one matrix. */
function onesOf(k: Kernels, { name, cols, x, xCols, bias, absent }: Experts): Float32Array {
  const matrices = files(name, cols);
  const out = new Float32Array(nRows * nUsed * rows);
  new Uint8Array(out.buffer).fill(0xff);
  for (let c = 0; c < nRows * nUsed; c++) {
    const [row, j] = [Math.floor(c / nUsed), c % nUsed];
    const expert = chosen[row * 2 * nUsed + j]!;
    const at = row * xCols + (xCols === cols ? 0 : j * cols);
    if (expert === absent) continue;
    const one = { quant: quantNamed(name), file: matrices[expert]!, rows, cols, x: x.slice(at, at + cols) };
    out.set(multiply(k, { ...one, bias: bias.slice(expert * rows, (expert + 1) * rows) }), c * rows);
  }
  return out;
}

const bits = (floats: Float32Array): Uint32Array => new Uint32Array(floats.buffer);

for (const build of ['simd', 'relaxed'] satisfies Build[]) {
  describe.skipIf(missing(build))(`products with experts, ${build}`, () => {
    for (const name of ['mxfp4', 'q4_k', 'q8_0', 'f16', 'f32', 'nvfp4']) {
      const cols = 256;
      const bias = randomRows(nExperts, rows);
      const shared = { name, cols, x: randomRows(nRows, cols), xCols: cols, bias };
      const apart = { name, cols, x: randomRows(nRows * nUsed, cols), xCols: nUsed * cols, bias };
      test(`${name}: a row has the bits of its own product, however items are shared out`, () => {
        const k = openKernels(build);
        for (const experts of [shared, { ...apart, cuts: [2, 3, 7] }]) {
          expect(bits(multiplyExperts(k, experts))).toEqual(bits(onesOf(k, experts)));
        }
      });
      test(`${name}: an expert that is not in memory is left out, and nothing is written for it`, () => {
        const k = openKernels(build);
        const experts = { ...shared, absent: 1 };
        expect(bits(multiplyExperts(k, experts))).toEqual(bits(onesOf(k, experts)));
      });
    }
  });
}
