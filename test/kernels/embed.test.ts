import { describe, expect, it } from 'vitest';
import { floatsAt, missing, openKernels, packMatrix, runNode, type Build } from './kernels.ts';
import { dequantized, quantNamed, randomFile, TYPES } from './weights.ts';

const skipReason = missing('relaxed');

describe.each(TYPES)('embed_%s', (name) => {
  for (const build of ['simd', 'relaxed'] satisfies Build[]) {
    const skip = build === 'relaxed' && skipReason !== undefined;
    it.skipIf(skip)(
      `${build} gathers rows of a packed table, to the bit${skip ? ` (skipped: ${skipReason})` : ''}`,
      () => {
        const k = openKernels(build);
        const quant = quantNamed(name);
        const [rows, cols] = [37, 3 * Math.max(quant.blockSize, 11)];
        const file = randomFile(quant, rows, cols);
        const table = dequantized(quant, file);
        const weights = packMatrix(k, { quant, file, rows, cols });
        const tokens = [0, 36, 5, 5, 18, 31];
        const out = k.alloc(4 * tokens.length * cols);
        runNode(k, `embed_${name}`, tokens.length, [out, weights, cols], 0, tokens.length, tokens);
        for (const [t, token] of tokens.entries()) {
          expect(floatsAt(k, out + 4 * t * cols, cols)).toEqual(table.slice(token * cols, (token + 1) * cols));
        }
      },
    );
  }
});

describe('pack_f16', () => {
  it('keeps halves of 128 and more exactly, and gives NaN for rows packed with infinities', () => {
    const k = openKernels('simd');
    const quant = quantNamed('f16');
    const halves = Uint16Array.from({ length: 48 * 8 }, (_, i) => (i * 0x351) & 0xffff & ~(i % 3 ? 0x4000 : 0));
    halves.forEach((half, i) => (halves[i] = (half & 0x7c00) === 0x7c00 ? 0x7bff : half));
    halves[20 * 8] = 0x7c00; // infinity in the second group of 16 rows
    const file = new Uint8Array(halves.buffer);
    const table = dequantized(quant, file);
    const weights = packMatrix(k, { quant, file, rows: 48, cols: 8 });
    const out = k.alloc(4 * 48 * 8);
    const tokens = Array.from({ length: 48 }, (_, i) => i);
    runNode(k, 'embed_f16', 48, [out, weights, 8], 0, 48, tokens);
    const came = floatsAt(k, out, 48 * 8);
    expect(came.slice(0, 16 * 8)).toEqual(table.slice(0, 16 * 8));
    expect(came.slice(16 * 8, 32 * 8).every(Number.isNaN)).toBe(true);
    expect(came.slice(32 * 8)).toEqual(table.slice(32 * 8));
  });
});
