import { describe, expect, it } from 'vitest';
import { missing, openKernels, putFloats, quantizeRows, type Build } from './kernels.ts';
import { quantizedRows, randomFrom, randomRows } from './weights.ts';

const skipReason = missing('relaxed');

/** Blocks as assembly/lib/activations.ts draws them. */
function read(build: Build, x: Float32Array, cols: number, span: number) {
  const k = openKernels(build);
  const at = quantizeRows(k, putFloats(k, x), x.length / cols, cols, span);
  const nBlocks = x.length / span;
  const blockBytes = k.exports['activations_bytes']!(1, span, span);
  const view = new DataView(k.bytes.buffer, at, nBlocks * blockBytes);
  const word = (b: number, i: number): number => b * blockBytes + 2 * span + 4 * i;
  const each = <T>(make: (b: number) => T): T[] => Array.from({ length: nBlocks }, (_, b) => make(b));
  const sums = (first: number, n: number) =>
    each((b) => Array.from({ length: n }, (_, i) => view.getInt32(word(b, first + i), true))).flat();
  return {
    levels: Int16Array.from({ length: x.length }, (_, i) => {
      const group = Math.floor(i / span) * blockBytes + 8 * ((i % span) >> 2);
      if (build === 'simd') return view.getInt16(group + 2 * (i & 3), true);
      return 128 * view.getInt8(group + (i & 3)) + view.getUint8(group + 4 + (i & 3));
    }),
    scales: Float32Array.from(each((b) => view.getFloat32(word(b, 0), true))),
    scaledSums: Float32Array.from(each((b) => view.getFloat32(word(b, 1), true))),
    sums32: span === 32 ? sums(2, 1) : sums(1, 8),
    sums16: span === 32 ? [] : sums(9, 16),
  };
}

for (const build of ['simd', 'relaxed'] satisfies Build[]) {
  const skip = build === 'relaxed' && skipReason !== undefined;
  describe.skipIf(skip)(`quantize_activations, ${build}${skip ? ` (skipped: ${skipReason})` : ''}`, () => {
    it.each([32, 256])('%i to a scale: is what plain loops give, to the bit', (span) => {
      const random = randomFrom(7);
      const cols = 3 * span;
      const x = randomRows(5, cols);
      // from blocks of 1e-36, which count as zero, to large ones
      x.forEach((value, i) => (x[i] = value * 10 ** (3 * Math.floor(i / span) - 36) * (random() < 0.1 ? 0 : 1)));
      x.fill(0, 2 * span, cols);
      const came = read(build, x, cols, span);
      const { levels, scales } = quantizedRows(x, span);
      expect(came.scales).toEqual(scales);
      expect(came.levels).toEqual(levels);
      const minusSums = (n: number): number[] =>
        Array.from(
          { length: x.length / n },
          (_, i) => -levels.slice(n * i, n * (i + 1)).reduce((a, b) => a + b, 0) | 0,
        );
      expect(came.sums32).toEqual(minusSums(32));
      expect(came.sums16).toEqual(span === 32 ? [] : minusSums(16));
      if (span > 32) return;
      expect(came.scaledSums).toEqual(came.scales.map((scale, b) => Math.fround(scale * (0 - came.sums32[b]!))));
    });

    it.each([32, 256])(
      '%i to a scale: has one that is not finite where an activation is not, or is 1e9 or more',
      (span) => {
        const x = new Float32Array(5 * span).fill(1);
        [x[5], x[span + 8], x[2 * span + 16], x[4 * span - 1]] = [NaN, Infinity, -Infinity, 1e9];
        const { scales } = read(build, x, 5 * span, span);
        expect([...scales].map(Number.isFinite)).toEqual([false, false, false, false, true]);
      },
    );
  });
}
