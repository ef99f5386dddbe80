import { quantByName } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';

/** Random matrices in every file layout, and what they mean as plain numbers. */

export const TYPES = [
  ...['f32', 'f16', 'bf16', 'q4_0', 'q4_1', 'q5_0', 'q5_1', 'q8_0'],
  ...['q2_k', 'q3_k', 'q4_k', 'q5_k', 'q6_k'],
];

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
    for (const offset of quant.halves ?? []) view.setUint16(at + offset, half(), true);
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

/** Activations as the kernels see them: 15-bit levels, `span` to a scale. */
export function quantizedRows(x: Float32Array, span = 32): { levels: Int16Array; scales: Float32Array } {
  const levels = new Int16Array(x.length);
  const scales = new Float32Array(x.length / span);
  for (let b = 0; b < scales.length; b++) {
    const block = x.subarray(span * b, span * (b + 1));
    const amax = block.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const inverse = Math.fround(amax > 1e-30 ? 16256 / amax : 0);
    scales[b] = amax / 16256;
    for (let k = 0; k < span; k++) levels[span * b + k] = roundTiesToEven(Math.fround(block[k]! * inverse));
  }
  return { levels, scales };
}

function roundTiesToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
