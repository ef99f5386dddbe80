import { describe, expect, test } from 'vitest';
import { shapes } from '../../bench/peers/shapes.ts';
import { blockPool } from '../../bench/measure/random_blocks.ts';
import { readHalf } from '../../src/base/half.ts';
import { quants } from '../../src/quants/index.ts';

/** Smaller halves are subnormal. */
const NORMAL = 2 ** -14;

/** Widths of the made-up models, and so sizes of their weights. */
const widths = [...new Set(Object.values(shapes).flatMap(({ dim, ffnDim }) => [dim, ffnDim]))];

describe('random blocks', () => {
  for (const quant of quants.filter(({ dequantize }) => dequantize)) {
    const { halves } = quant;
    if (!halves || quant.scaleMask) continue;
    // Less than 256 weights to a block: kernels multiply by the halves themselves, and subnormal ones may be slow. Super-blocks' become
    // float32 when they are packed; subnormal ones are usual in real files, above all of Q6_K.
    const least = quant.blockSize < 256 ? NORMAL : 2 ** -24;
    test(`of ${quant.name} have scales that are finite and no smaller than ${least}`, () => {
      for (const width of widths) {
        const pool = blockPool(quant, width ** -0.5);
        const magnitudes: number[] = [];
        for (let at = 0; at < pool.length; at += quant.blockBytes) {
          for (const offset of halves) magnitudes.push(Math.abs(readHalf(pool, at + offset)));
        }
        expect(magnitudes.every((x) => x >= least && x < Infinity)).toBe(true);
      }
    });
  }
});
