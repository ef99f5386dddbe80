import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import type { ActivationKind } from '../../src/graph/activations.ts';
import { instantiate, type Exports, type Instance, type KernelFile } from '../../src/backends/wasm/kernels.ts';
import { activationSpan } from '../../src/backends/wasm/lower.ts';
import { GRID_BYTES, header, stepWords } from '../../src/backends/wasm/words.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { isFixed, LARGEST_LEVEL, quantNamed } from './weights.ts';

/** Kernels called directly, without the program runner: one thread's instances, operands laid out by hand. */

export type Build = 'simd' | 'relaxed';

/** The machine's answers of `probe_dot`, see assembly/lib/dot_kind.ts. */
export const DOT = { broken: 0, sevenBit: 1, unsigned: 2, signed: 3 } as const;

export interface Kernels {
  readonly exports: Exports;
  readonly kernelIndex: Instance['kernelIndex'];
  readonly bytes: Uint8Array;
  /** Address of `n` fresh bytes, filled with 0xff (as floats, NaN), 64-byte aligned. */
  alloc(n: number): number;
  /** Starts over with an empty memory. */
  reset(): void;
}

const digits = await quantNamed('iq1_s').grids!();
const PAGES = 512;
const SCRATCH = 4096;

/** Why a build cannot be tested here, or undefined. */
export function missing(build: Build): string | undefined {
  const file = wasmFile(build);
  if (!existsSync(file)) throw new Error(`${file} does not exist; run \`npm run build\` first`);
  const bytes = readFileSync(file);
  if (!WebAssembly.validate(bytes)) {
    // Node 20 hides relaxed SIMD behind a flag, and its baseline compiler gets it wrong.
    v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
    v8.setFlagsFromString('--no-liftoff');
  }
  if (!WebAssembly.validate(bytes)) return `Node ${process.version} has no relaxed SIMD`;
  return openKernels(build).exports['probe_dot']!() === DOT.broken ? 'the relaxed dot product is broken' : undefined;
}

const wasmFile = (file: KernelFile): string =>
  fileURLToPath(new URL(`../../dist/thimble.${file}.wasm`, import.meta.url));

/** What a file exports. */
export const namesIn = (file: KernelFile): string[] =>
  WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasmFile(file)))).map(({ name }) => name);

/** @param files all of the build unless given */
export function openKernels(build: Build, dotKind?: number, files: KernelFile[] = [build, `${build}.more`]): Kernels {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const modules = files.map((file) => new WebAssembly.Module(readFileSync(wasmFile(file))));
  const { exports, begin, kernelIndex } = instantiate(modules, memory);
  const bytes = new Uint8Array(memory.buffer);
  const grids = (SCRATCH + exports['scratch_bytes']!(8192) + 63) & ~63;
  const start = grids + GRID_BYTES;
  bytes.set(digits, grids);
  begin({ scratch: SCRATCH, grids, dotKind: dotKind ?? exports['probe_dot']!() });
  let top = start;
  return {
    exports,
    kernelIndex,
    bytes,
    alloc(n) {
      const at = top;
      top = (top + n + 63) & ~63;
      bytes.fill(0xff, at, top);
      return at;
    },
    reset() {
      top = start;
    },
  };
}

/** Runs a kernel over items [begin, end) of a record that is a header and these words, in a step with these tokens. */
export function runKernel(
  k: Kernels,
  kernel: string,
  nRows: number,
  words: readonly number[],
  begin: number,
  end: number,
  tokens: readonly number[] = [],
): void {
  const step = k.alloc(4 * (stepWords.length + tokens.length));
  const head = new Uint32Array(k.bytes.buffer, step, stepWords.length + tokens.length).fill(0);
  head[stepWords.nTokens] = tokens.length;
  head.set(tokens, stepWords.length);
  const at = k.alloc(4 * (header.length + words.length));
  const record = new Uint32Array(k.bytes.buffer, at, header.length + words.length);
  record.fill(0);
  record[header.nRows] = nRows;
  record[header.step] = step;
  record.set(words, header.length);
  k.exports[kernel]!(at, begin, end);
}

export function putFloats(k: Kernels, values: Float32Array): number {
  const at = k.alloc(values.byteLength);
  new Float32Array(k.bytes.buffer, at, values.length).set(values);
  return at;
}

export const floatsAt = (k: Kernels, at: number, n: number): Float32Array =>
  new Float32Array(k.bytes.buffer, at, n).slice();

/** Packs a matrix, in pieces of `rowsPerPiece` rows, and returns its address. */
export function packMatrix(k: Kernels, { quant, file, rows, cols, rowsPerPiece = rows }: Matrix): number {
  const packed = k.alloc(k.exports[`packed_bytes_${quant.name}`]!(rows, cols));
  const rowBytes = file.length / rows;
  for (let begin = 0; begin < rows; begin += rowsPerPiece) {
    const end = Math.min(begin + rowsPerPiece, rows);
    const src = k.alloc((end - begin) * rowBytes);
    k.bytes.set(file.subarray(begin * rowBytes, end * rowBytes), src);
    k.exports[`pack_${quant.name}`]!(src, packed, begin, end, rows, cols);
  }
  return packed;
}

/** A matrix as its file holds it. */
export interface Matrix {
  readonly quant: QuantType;
  /** [rows, cols / blockSize] blocks. */
  readonly file: Uint8Array;
  readonly rows: number;
  readonly cols: number;
  /** Rows packed by one call; default: all. */
  readonly rowsPerPiece?: number;
}

export interface Product extends Matrix {
  /** The kind of activations that it is multiplied with; of weights that are not quantised there is one kind. */
  readonly activations?: ActivationKind;
  /** [nRows, cols] */
  readonly x: Float32Array;
  /** [rows] */
  readonly bias?: Float32Array;
  /** Where to cut the items among calls; default: one call. */
  readonly cuts?: readonly number[];
}

const GUARD = 64;

/** x · wᵀ + bias → [nRows, rows], and whether anything was written behind the result. */
export function multiply(k: Kernels, product: Product): Float32Array {
  k.reset();
  const { quant, rows, cols, x, bias, activations = 'exact' } = product;
  const suffix = activations === 'fast' ? '_fast' : '';
  const nRows = x.length / cols;
  const weights = packMatrix(k, product);
  const plain = putFloats(k, x);
  const biasAt = bias ? putFloats(k, bias) : 0;
  const form = isFixed(quant.name) ? 'i16' : (`${activationSpan(quant) as 32 | 64 | 128 | 256}${suffix}` as const);
  const operand = quant.name === 'f32' ? plain : quantizeRows(k, plain, nRows, cols, form);
  const out = k.alloc(4 * nRows * rows + GUARD);
  const nItems = Math.ceil(rows / k.exports['rows_per_item']!());
  let begin = 0;
  for (const end of [...(product.cuts ?? []), nItems]) {
    runKernel(k, `matmul_${quant.name}${suffix}`, nRows, [out, weights, operand, biasAt, rows, cols, 0], begin, end);
    begin = end;
  }
  const behind = k.bytes.subarray(out + 4 * nRows * rows, out + 4 * nRows * rows + GUARD);
  if (behind.some((byte) => byte !== 0xff)) throw new Error('the kernel wrote behind its output');
  return floatsAt(k, out, nRows * rows);
}

/** Of quantised activations, as kernels are called. */
export type Form = `${32 | 64 | 128 | 256}${'' | '_fast'}` | 'i16';

/** Quantises rows at `x`, and returns the address of the result. */
export function quantizeRows(k: Kernels, x: number, nRows: number, cols: number, form: Form): number {
  const out = k.alloc(k.exports['activations_bytes']!(nRows, cols, spanOf(form)));
  runKernel(k, `quantize_activations_${form}`, nRows, [out, x, cols], 0, nRows);
  return out;
}

/** Columns to a scale. */
export const spanOf = (form: Form): number => (form === 'i16' ? 32 : parseInt(form));

/** The largest level. */
export const mostOf = (form: Form): number => LARGEST_LEVEL[form.endsWith('_fast') ? 'fast' : 'exact'];
