import { describe, expect, it } from 'vitest';
import { missing, openKernels, putFloats, quantizeRows, type Build } from './kernels.ts';
import { quantizedRows, randomFrom, randomRows } from './weights.ts';

const skipReason = missing('relaxed');

/** Blocks as assembly/lib/activations.ts draws them. */
function read(build: Build, x: Float32Array, cols: number) {
  const k = openKernels(build);
  const at = quantizeRows(k, putFloats(k, x), x.length / cols, cols);
  const nBlocks = x.length / 32;
  const blockBytes = k.exports['activations_bytes']!(1, 32);
  const view = new DataView(k.bytes.buffer, at, nBlocks * blockBytes);
  const words = (b: number, i: number): number => b * blockBytes + 64 + 4 * i;
  const each = <T>(make: (b: number) => T): T[] => Array.from({ length: nBlocks }, (_, b) => make(b));
  return {
    levels: Int16Array.from({ length: x.length }, (_, i) => {
      const group = (i >> 5) * blockBytes + 8 * ((i & 31) >> 2);
      if (build === 'simd') return view.getInt16(group + 2 * (i & 3), true);
      return 128 * view.getInt8(group + (i & 3)) + view.getUint8(group + 4 + (i & 3));
    }),
    scales: Float32Array.from(each((b) => view.getFloat32(words(b, 0), true))),
    scaledSums: Float32Array.from(each((b) => view.getFloat32(words(b, 1), true))),
    starts: each((b) => [2, 3, 4].map((i) => view.getInt32(words(b, i), true))),
  };
}

for (const build of ['simd', 'relaxed'] satisfies Build[]) {
  const skip = build === 'relaxed' && skipReason !== undefined;
  describe.skipIf(skip)(`quantize_activations, ${build}${skip ? ` (skipped: ${skipReason})` : ''}`, () => {
    it('is what plain loops give, to the bit', () => {
      const random = randomFrom(7);
      const x = randomRows(5, 96);
      // from blocks of 1e-36, which count as zero, to large ones
      x.forEach((value, i) => (x[i] = value * 10 ** (3 * (i >> 5) - 36) * (random() < 0.1 ? 0 : 1)));
      x.fill(0, 64, 96);
      const came = read(build, x, 96);
      const { levels, scales } = quantizedRows(x);
      expect(came.scales).toEqual(scales);
      expect(came.levels).toEqual(levels);
      const sum = (begin: number, end: number): number => levels.slice(begin, end).reduce((a, b) => a + b, 0);
      for (const [b, starts] of came.starts.entries()) {
        const [first, second] = [sum(32 * b, 32 * b + 16), sum(32 * b + 16, 32 * b + 32)];
        expect(starts).toEqual([-64 * (first + second), -64 * first, -64 * second].map((value) => value | 0));
        expect(came.scaledSums[b]).toBe(Math.fround(scales[b]! * (first + second)));
      }
    });

    it('has a scale that is not finite where an activation is not, or is 1e9 or more', () => {
      const x = new Float32Array(160).fill(1);
      [x[5], x[40], x[80], x[120]] = [NaN, Infinity, -Infinity, 1e9];
      const { scales } = read(build, x, 160);
      expect([...scales].map(Number.isFinite)).toEqual([false, false, false, false, true]);
    });
  });
}
