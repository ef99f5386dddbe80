import { asError, UnsupportedError } from '../base/errors.ts';

/** Detects everything about this machine, once. The choice is passed on as plain data, and a name can force it. */

/** The two builds of the kernels. */
export type Build = 'relaxed' | 'simd';

export interface Features {
  /** The best build that works. */
  readonly build: Build;
  /** Whether threads can share memory. On a page this takes cross-origin isolation (COOP and COEP headers). */
  readonly sharedMemory: boolean;
}

/** @throws UnsupportedError where WebAssembly has no SIMD at all, or is not allowed. */
export function detectFeatures(): Features {
  if (!WebAssembly.validate(simdProbe)) {
    const need = 'Chrome 91, Firefox 89, Safari 16.4, Node 16.4 or newer on a CPU with SSE4.1 or NEON';
    throw new UnsupportedError(`this engine has no WebAssembly SIMD, which the kernels are made of; use ${need}`);
  }
  try {
    new WebAssembly.Module(simdProbe);
  } catch (cause) {
    const why = `the page's Content-Security-Policy does not let WebAssembly run: ${asError(cause).message}`;
    throw new UnsupportedError(`${why}; allow it: script-src 'wasm-unsafe-eval'`, { cause });
  }
  // The type alone tells: without isolation Chromium still makes shared memories but lends them to no worker.
  return { build: relaxedDotWorks() ? 'relaxed' : 'simd', sharedMemory: typeof SharedArrayBuffer === 'function' };
}

/**
 * Runs the relaxed integer dot product once on known answers. Validating is not enough: the baseline compiler of Node 20
 * (relaxed SIMD behind a flag there) gives twice the dot product and drops the accumulator. And machines that have no such
 * instruction (x86 before VNNI) put it together from ones that saturate beyond seven bits: there the plain build is faster.
 */
function relaxedDotWorks(): boolean {
  if (!WebAssembly.validate(relaxedProbe)) return false;
  const { dot } = new WebAssembly.Instance(new WebAssembly.Module(relaxedProbe)).exports;
  // lane 0 of 1000 + 4 * (127 * 200), where a machine reads its second operand unsigned; signed, 200 is -56
  const sum = (dot as (a: number, b: number, sum: number) => number)(127, 200, 1000);
  return sum === 1000 + 4 * 127 * 200 || sum === 1000 - 4 * 127 * 56;
}

/** (module (func (result v128) (i8x16.splat (i32.const 0)))) */
const simdProbe = probe([0x60, 0, 1, 0x7b], [], [0x41, 0, 0xfd, 15]);

/**
 * (func (export "dot") (param $a i32) (param $b i32) (param $sum i32) (result i32)
 *   (i32x4.extract_lane 0 (i32x4.relaxed_dot_i8x16_i7x16_add_s
 *     (i8x16.splat (local.get $a)) (i8x16.splat (local.get $b)) (i32x4.splat (local.get $sum)))))
 */
const relaxedProbe = probe(
  [0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f],
  [7, 7, 1, 3, ...new TextEncoder().encode('dot'), 0, 0],
  [0x20, 0, 0xfd, 15, 0x20, 1, 0xfd, 15, 0x20, 2, 0xfd, 17, 0xfd, 0x93, 2, 0xfd, 27, 0],
);

/** A module of one function: `type` is its signature, `exports` its export section or nothing, `body` its code. */
function probe(type: number[], exports: number[], body: number[]): Uint8Array<ArrayBuffer> {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const types = [1, type.length + 1, 1, ...type];
  const functions = [3, 2, 1, 0];
  const code = [10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b];
  return Uint8Array.from([...header, ...types, ...functions, ...exports, ...code]);
}
