import { describe, expect, it } from 'vitest';
import { floatsAt, missing, openKernels, packMatrix, runKernel, type Build } from './kernels.ts';
import { multiplied, quantNamed, randomFile } from './weights.ts';

const skipReason = missing('relaxed');

// All other types are looked up to the bit in test/backends/conformance.ts; these are kept as fixed point.
describe.each(['f16', 'bf16'])('embed_%s', (name) => {
  for (const build of ['simd', 'relaxed'] satisfies Build[]) {
    const skip = build === 'relaxed' && skipReason !== undefined;
    it.skipIf(skip)(
      `${build} gathers rows of a packed table, to the bit${skip ? ` (skipped: ${skipReason})` : ''}`,
      () => {
        const k = openKernels(build);
        const quant = quantNamed(name);
        const [rows, cols] = [37, 3 * Math.max(quant.blockSize, 11)];
        const file = randomFile(quant, rows, cols);
        const table = multiplied(quant, file, cols);
        const weights = packMatrix(k, { quant, file, rows, cols });
        const tokens = [0, 36, 5, 5, 18, 31];
        const out = k.alloc(4 * tokens.length * cols);
        runKernel(k, `embed_${name}`, tokens.length, [out, weights, cols], 0, tokens.length, tokens);
        for (const [t, token] of tokens.entries()) {
          expect(floatsAt(k, out + 4 * t * cols, cols)).toEqual(table.slice(token * cols, (token + 1) * cols));
        }
      },
    );
  }
});
