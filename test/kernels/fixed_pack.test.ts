import { describe, expect, it } from 'vitest';
import { floatToBf16, floatToHalf } from '../../src/base/half.ts';
import { floatsAt, openKernels, packMatrix, runKernel } from './kernels.ts';
import { dequantized, quantNamed, randomFrom } from './weights.ts';

const bits = { f16: floatToHalf, bf16: floatToBf16 };
const FRACTIONS = { f16: 10, bf16: 7 };

/** Weights [rows, cols] as a file of that type holds them, and as they come back from memory. */
function throughMemory(name: keyof typeof bits, values: readonly number[], rows: number) {
  const k = openKernels('simd');
  const quant = quantNamed(name);
  const file = new Uint8Array(Uint16Array.from(values, (value) => bits[name](value)).buffer);
  const cols = values.length / rows;
  const weights = packMatrix(k, { quant, file, rows, cols });
  const out = k.alloc(4 * values.length);
  const tokens = Array.from({ length: rows }, (_, i) => i);
  runKernel(k, `embed_${name}`, rows, [out, weights, cols], 0, rows, tokens);
  return { wanted: dequantized(quant, file), came: floatsAt(k, out, values.length) };
}

describe.each(['f16', 'bf16'] as const)('%s weights in memory', (name) => {
  it('are exact where they are large, else rounded to a scale that makes 16-bit levels and 32-bit sums', () => {
    const random = randomFrom(3);
    const cols = 64;
    for (const largest of name === 'f16' ? [2 ** -16, 2 ** -10, 1, 40000] : [2 ** -100, 2 ** -10, 1, 2 ** 120]) {
      const values = Array.from({ length: 16 * cols }, () => (random() - 0.5) * 2 ** (1 - 12 * random()) * largest);
      const { wanted, came } = throughMemory(name, values, 16);
      for (let begin = 0; begin < values.length; begin += 32) {
        const block = wanted.subarray(begin, begin + 32);
        const most = block.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
        const sum = block.reduce((total, value) => total + Math.abs(value), 0);
        const scale = 2 ** Math.ceil(Math.log2(Math.max(most / 32767, sum / 132000)));
        for (const [i, value] of block.entries()) {
          const exact = Math.abs(value) >= 2 ** FRACTIONS[name] * scale;
          expect(Math.abs(came[begin + i]! - value)).toBeLessThanOrEqual(exact ? 0 : scale / 2);
        }
      }
    }
  });

  it('are NaN where a block has an infinity or a NaN, and nowhere else', () => {
    for (const bad of [Infinity, -Infinity, NaN]) {
      const values = Array.from({ length: 20 * 72 }, (_, i) => (i % 13) - 6);
      values[17 * 72 + 40] = bad; // row 17, columns 32 … 63
      values[3 * 72 + 71] = bad; // row 3, columns 64 … 71
      const { wanted, came } = throughMemory(name, values, 20);
      for (const [i, value] of came.entries()) {
        const [row, block] = [Math.floor(i / 72), (i % 72) >> 5];
        expect(value).toBe((row === 17 && block === 1) || (row === 3 && block === 2) ? NaN : wanted[i]);
      }
    }
  });

  it('are zero where all of a block is, and exact where its numbers are of one size', () => {
    const smallest = name === 'f16' ? 2 ** -24 : 2 ** -126;
    const largest = name === 'f16' ? 65504 : 2 ** 122;
    const values = [0, smallest, -smallest, largest, -largest].flatMap((value) => Array<number>(32).fill(value));
    const { wanted, came } = throughMemory(name, values, 5);
    expect(came).toEqual(wanted);
  });
});
