import { expect, test } from 'vitest';
import { hadamard, spreadCols } from '../../src/ops/hadamard.ts';
import { quantByName } from '../../src/quants/index.ts';
import { decodeRows, encodeRows, randomFloats } from '../cases/op_case.ts';

const spread = (x: Float32Array, n: number): Float32Array => {
  const y = x.slice();
  hadamard(y, n);
  return y;
};

test.each([2, 4, 32, 64, 128])('the matrix of %d columns is ±1 / √n, orthogonal, and its own inverse', (n) => {
  const rows = Array.from({ length: n }, (_, i) =>
    spread(
      Float32Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)),
      n,
    ),
  );
  const isEven = rows.every((row) => row.every((entry) => Math.abs(Math.abs(entry) - n ** -0.5) < 1e-6));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, entry, k) => sum + entry * b[k]!, 0);
  const off = rows.map((a, i) => Math.max(...rows.map((b, j) => Math.abs(dot(a, b) - (i === j ? 1 : 0)))));
  expect([isEven, Math.max(...off) < 1e-5]).toEqual([true, true]);
  const x = randomFloats(3 * n, 1, 5);
  expect(spread(spread(x, n), n).every((y, i) => Math.abs(y - x[i]!) < 1e-5)).toBe(true);
});

test('only caches that round blocks are spread, by as many columns as a head can be cut into evenly', () => {
  const of = (name: string, headDim: number) => spreadCols({ quant: quantByName.get(name)! }, headDim);
  expect(['f16', 'f32'].map((name) => of(name, 64))).toEqual([0, 0]);
  expect([32, 64, 96, 128, 160, 256].map((headDim) => of('q8_0', headDim))).toEqual([32, 64, 32, 128, 32, 256]);
});

test('a large column costs the others of its block less when all are spread first', () => {
  const x = randomFloats(64 * 100, 7).map((value, i) => (i % 64 === 5 ? 30 * value : value));
  const rounded = (y: Float32Array) => decodeRows(encodeRows(y, 'q8_0'), 'q8_0');
  const error = (came: Float32Array) => Math.hypot(...came.map((y, i) => (i % 64 === 5 ? 0 : y - x[i]!)));
  expect(error(spread(rounded(spread(x, 64)), 64))).toBeLessThan(0.6 * error(rounded(x)));
});
