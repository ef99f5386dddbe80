import { readFile } from 'node:fs/promises';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { errorOf } from '../../test/cases/numbers.ts';
import type { Check } from '../measure/bench_case.ts';
import { testInput, type TestMatrix } from '../measure/products.ts';
import { fillFrom } from '../measure/random_blocks.ts';
import type { Kernels, Product, Work } from './products.ts';

/** The exports of mul_mat.c; numbers are addresses and counts. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __heap_base: WebAssembly.Global;
  init(): void;
  has_type(type: number): number;
  quantize(type: number, out: number, x: number, cols: number, nTokens: number): void;
  mul_mat(type: number, out: number, w: number, x: number, rows: number, cols: number, nTokens: number): void;
}

/** ggml rounds activations to 8 bits. */
const TOLERANCE = 1e-2;

export interface GgmlKernels {
  has(quant: QuantType): boolean;
  /** Products of the first `maxTokens` test tokens with `nCopies` of a matrix. */
  open(matrix: TestMatrix, nCopies: number, maxTokens: number): Promise<Kernels>;
}

export async function openGgml(file: string): Promise<GgmlKernels> {
  const module = await WebAssembly.compile(await readFile(file));
  const start = async (): Promise<Exports> => {
    const { exports } = await WebAssembly.instantiate(module);
    const ggml = exports as unknown as Exports;
    ggml.init();
    return ggml;
  };
  const { has_type } = await start();
  return {
    has: ({ ggmlType }) => has_type(ggmlType) !== 0,
    open: async (matrix, nCopies, maxTokens) => ggmlProducts(await start(), matrix, nCopies, maxTokens),
  };
}

/** Memory: weights, [nCopies, rows, cols] | x, [maxTokens, cols] | x quantised | results, [maxTokens, rows] */
function ggmlProducts(ggml: Exports, matrix: TestMatrix, nCopies: number, maxTokens: number): Kernels {
  const { cols, nBytes, quant } = matrix;
  const type = quant.ggmlType;
  const weights = align(ggml.__heap_base.value as number);
  const x = align(weights + nCopies * nBytes);
  const levels = x + 4 * maxTokens * cols;
  const out = levels + 4 * maxTokens * cols;
  const end = out + 4 * maxTokens * matrix.rows;
  ggml.memory.grow(Math.ceil((end - ggml.memory.buffer.byteLength) / 65536));
  const { buffer } = ggml.memory;
  for (let i = 0; i < nCopies; i++) fillFrom(matrix.pool, 0, new Uint8Array(buffer, weights + i * nBytes, nBytes));
  new Float32Array(buffer, x, maxTokens * cols).set(testInput(maxTokens, cols));

  const product = ({ rows, copies, times, nTokens }: Work): Product => {
    const run = (nTokens: number): void => {
      ggml.quantize(type, levels, x, cols, nTokens);
      for (let n = 0; n < times; n++) {
        for (let i = 0; i < copies; i++) ggml.mul_mat(type, out, weights + i * nBytes, levels, rows, cols, nTokens);
      }
    };
    return {
      run: () => run(nTokens),
      async check(wanted): Promise<Check> {
        run(wanted.length / rows);
        return { error: errorOf(new Float32Array(buffer, out, wanted.length), wanted), tolerance: TOLERANCE };
      },
    };
  };
  return { engine: 'ggml', product, close() {} };
}

const align = (address: number): number => Math.ceil(address / 64) * 64;
