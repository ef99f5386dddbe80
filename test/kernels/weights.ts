import { quantByName, quants } from '../../src/quants/index.ts';
import type { ActivationKind } from '../../src/graph/activations.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';

/** Random matrices in every file layout, and what they mean as plain numbers. */

export const TYPES = [
  ...['f32', 'f16', 'bf16', 'q4_0', 'q4_1', 'q5_0', 'q5_1', 'q8_0'],
  ...['q2_k', 'q3_k', 'q4_k', 'q5_k', 'q6_k'],
  ...['iq4_nl', 'iq4_xs', 'mxfp4', 'q1_0', 'q2_0', 'tq1_0', 'tq2_0', 'nvfp4'],
  ...['iq2_xxs', 'iq2_xs', 'iq2_s', 'iq3_xxs', 'iq3_s', 'iq1_s', 'iq1_m'],
];

await Promise.all(quants.map(({ load }) => load?.()));

/** mulberry32 */
export function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * [rows, cols] of a type: random levels under random scales, among them negative, subnormal and zero ones. What is no f16 are
 * levels and integer scales, of which any bits will do.
 */
export function randomFile(quant: QuantType, rows: number, cols: number, seed = 1): Uint8Array {
  const random = randomFrom(seed);
  const nBlocks = (rows * cols) / quant.blockSize;
  const file = new Uint8Array(nBlocks * quant.blockBytes);
  for (let i = 0; i < file.length; i++) file[i] = random() * 256;
  const view = new DataView(file.buffer);
  for (let b = 0; b < nBlocks; b++) {
    const at = b * quant.blockBytes;
    // exponents up to 2^-3, sometimes subnormal or zero
    const half = (): number => (random() < 0.5 ? 0x8000 : 0) | (random() < 0.1 ? random() * 1025 : random() * 0x3000);
    if (quant.name === 'iq1_m')
      file[at + 55]! &= 0xaf; // the uppermost bits of its scale: no infinity, no NaN
    else if (quant.scaleMask) file[at + quant.halves![0]!] = random() < 0.1 ? 0 : 100 + random() * 26;
    else for (const offset of quant.halves ?? []) view.setUint16(at + offset, half(), true);
    if (quant.name === 'f16') view.setUint16(at, half(), true);
    if (quant.name === 'f32') view.setFloat32(at, random() - 0.5, true);
    if (quant.name === 'bf16') view.setUint16(at, (random() < 0.5 ? 0x8000 : 0) | (0x3800 + random() * 0x700), true);
  }
  return file;
}

export const quantNamed = (name: string): QuantType => quantByName.get(name)!;

export function dequantized(quant: QuantType, file: Uint8Array): Float32Array {
  const floats = new Float32Array((file.length / quant.blockBytes) * quant.blockSize);
  quant.dequantize!(file, floats);
  return floats;
}

/** Rows with a few large values in them, as activations have. */
export function randomRows(nRows: number, cols: number, seed = 2): Float32Array {
  const random = randomFrom(seed);
  return Float32Array.from({ length: nRows * cols }, () => (random() - 0.5) * (random() < 0.02 ? 40 : 2));
}

/** Of quantised activations. */
export const LARGEST_LEVEL: Readonly<Record<ActivationKind, number>> = { exact: 16256, fast: 127 };

/**
 * Activations as the kernels see them: levels up to `most` [nRows, cols], `span` columns of a row to a scale
 * [nRows, ⌈cols / span⌉].
 */
export function quantizedRows(
  x: Float32Array,
  cols: number,
  span = 32,
  most = LARGEST_LEVEL.exact,
): { levels: Int16Array; scales: Float32Array } {
  const levels = new Int16Array(x.length);
  const scales: number[] = [];
  for (const [begin, end] of blocksOf(x.length, cols, span)) {
    const amax = largest(x.subarray(begin, end));
    const inverse = Math.fround(amax > 1e-30 ? most / amax : 0);
    scales.push(amax / most);
    for (let i = begin; i < end; i++) levels[i] = roundTiesToEven(Math.fround(x[i]! * inverse));
  }
  return { levels, scales: Float32Array.from(scales) };
}

/** Types that the kernels keep as fixed point. */
export const isFixed = (name: string): boolean => name === 'f16' || name === 'bf16';

/** Weights as fixed point, by the definition in assembly/lib/fixed_block.ts; scales as in `quantizedRows`. */
export function fixedPoint(w: Float32Array, cols: number): { levels: Int16Array; scales: Float32Array } {
  const levels = new Int16Array(w.length);
  const scales: number[] = [];
  for (const [begin, end] of blocksOf(w.length, cols)) {
    const block = w.subarray(begin, end);
    const sum = block.reduce((total, value) => total + Math.abs(value), 0);
    const least = Math.max(sum / 132000, largest(block) / 32767);
    const scale = least > 0 ? 2 ** Math.ceil(Math.log2(least)) : 0;
    scales.push(scale);
    for (let i = begin; i < end; i++) levels[i] = scale > 0 ? roundTiesToEven(w[i]! / scale) : 0;
  }
  return { levels, scales: Float32Array.from(scales) };
}

/** What the kernels multiply: dequantised weights, of some types rounded to fixed point. */
export function multiplied(quant: QuantType, file: Uint8Array, cols: number): Float32Array {
  const w = dequantized(quant, file);
  if (!isFixed(quant.name)) return w;
  const { levels, scales } = fixedPoint(w, cols);
  blocksOf(w.length, cols).forEach(([begin, end], b) => {
    for (let i = begin; i < end; i++) w[i] = levels[i]! * scales[b]!;
  });
  return w;
}

/** Begin and end of every `span` columns of every row. */
function blocksOf(length: number, cols: number, span = 32): [number, number][] {
  const perRow = Math.ceil(cols / span);
  return Array.from({ length: (length / cols) * perRow }, (_, b) => {
    const row = Math.floor(b / perRow) * cols;
    const begin = row + span * (b % perRow);
    return [begin, Math.min(begin + span, row + cols)];
  });
}

const largest = (x: Float32Array): number => x.reduce((max, value) => Math.max(max, Math.abs(value)), 0);

function roundTiesToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
