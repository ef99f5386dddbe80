import { describe, expect, it } from 'vitest';
import { missing, mostOf, openKernels, putFloats, quantizeRows, spanOf, type Build, type Form } from './kernels.ts';
import { quantizedRows, randomFrom, randomRows } from './weights.ts';

const skipReason = missing('relaxed');

const forms = ['32', '64', '128', '256', '32_fast', '256_fast', 'i16'] satisfies Form[];

/** Blocks as assembly/lib/activations.ts draws them. */
function read(build: Build, x: Float32Array, cols: number, form: Form) {
  const k = openKernels(build);
  const span = spanOf(form);
  const at = quantizeRows(k, putFloats(k, x), x.length / cols, cols, form);
  const nBlocks = x.length / span;
  const isWords = build === 'simd' || form === 'i16';
  const levelBytes = isWords || mostOf(form) > 127 ? 2 : 1;
  const blockBytes = levelBytes * span + (span === 32 ? 12 : 100);
  const view = new DataView(k.bytes.buffer, at, nBlocks * blockBytes);
  const word = (b: number, i: number): number => b * blockBytes + levelBytes * span + 4 * i;
  const each = <T>(make: (b: number) => T): T[] => Array.from({ length: nBlocks }, (_, b) => make(b));
  const sums = (first: number, n: number) =>
    each((b) => Array.from({ length: n }, (_, i) => view.getInt32(word(b, first + i), true))).flat();
  return {
    levels: Int16Array.from({ length: x.length }, (_, i) => {
      const block = Math.floor(i / span) * blockBytes + 32 * levelBytes * Math.floor((i % span) / 32);
      if (isWords) return view.getInt16(block + 2 * (i % 32), true);
      if (levelBytes === 1) return view.getInt8(block + (i % 32));
      return 128 * view.getInt8(block + (i % 32)) + view.getUint8(block + 32 + (i % 32));
    }),
    scales: Float32Array.from(each((b) => view.getFloat32(word(b, 0), true))),
    scaledSums: Float32Array.from(each((b) => view.getFloat32(word(b, 1), true))),
    sums32: span === 32 ? sums(2, 1) : sums(1, span / 32),
    sums16: span === 32 ? [] : sums(9, span / 16),
  };
}

for (const build of ['simd', 'relaxed'] satisfies Build[]) {
  const skip = build === 'relaxed' && skipReason !== undefined;
  describe.skipIf(skip)(`quantize_activations, ${build}${skip ? ` (skipped: ${skipReason})` : ''}`, () => {
    it.each(forms)('%s: is what plain loops give, to the bit', (form) => {
      const span = spanOf(form);
      const random = randomFrom(7);
      const cols = 3 * span;
      const x = randomRows(5, cols);
      // from blocks of 1e-36, which count as zero, to large ones
      x.forEach((value, i) => (x[i] = value * 10 ** (3 * Math.floor(i / span) - 36) * (random() < 0.1 ? 0 : 1)));
      x.fill(0, 2 * span, cols);
      const came = read(build, x, cols, form);
      const { levels, scales } = quantizedRows(x, cols, span, mostOf(form));
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

    it('i16: takes what a row lacks in its last block for zeros', () => {
      const x = randomRows(3, 40);
      const padded = new Float32Array(3 * 64);
      for (let row = 0; row < 3; row++) padded.set(x.subarray(40 * row, 40 * row + 40), 64 * row);
      const k = openKernels(build);
      const bytes = k.exports['activations_bytes']!(3, 40, 32);
      const at = quantizeRows(k, putFloats(k, x), 3, 40, 'i16');
      const came = k.bytes.slice(at, at + bytes);
      const whole = quantizeRows(k, putFloats(k, padded), 3, 64, 'i16');
      expect(came).toEqual(k.bytes.slice(whole, whole + bytes));
    });

    it.each(forms)('%s: has a scale that is not finite where an activation is not, or is 1e9 or more', (form) => {
      const span = spanOf(form);
      const x = new Float32Array(5 * span).fill(1);
      [x[5], x[span + 8], x[2 * span + 16], x[4 * span - 1]] = [NaN, Infinity, -Infinity, 1e9];
      const { scales } = read(build, x, 5 * span, form);
      expect([...scales].map(Number.isFinite)).toEqual([false, false, false, false, true]);
    });
  });
}
