import { describe, expect, test } from 'vitest';
import { cos, exp, expEach, log, pow, sin } from '../../src/base/math.ts';

const values = new Float64Array(2);
const bits = new BigInt64Array(values.buffer);

/** How many float64 values lie between a and b. */
function ulpsApart(a: number, b: number): number {
  values[0] = a;
  values[1] = b;
  const order = (i: bigint): bigint => (i < 0n ? -(i & 0x7fffffffffffffffn) : i);
  const apart = order(bits[0]!) - order(bits[1]!);
  return Number(apart < 0n ? -apart : apart);
}

/** Park & Miller's minimal standard generator: uniform in (0, 1). */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

function worstUlps(fn: (x: number) => number, reference: (x: number) => number, draw: (u: number) => number): number {
  const random = lehmer(7);
  let worst = 0;
  for (let i = 0; i < 50_000; i++) {
    const x = draw(random());
    const apart = ulpsApart(fn(x), reference(x));
    if (!(apart <= worst)) worst = apart;
  }
  return worst;
}

describe('deterministic functions agree with Math within 2 ulp', () => {
  const cases: [string, (x: number) => number, (x: number) => number, (u: number) => number][] = [
    ['exp over its whole range', exp, Math.exp, (u) => u * 1460 - 750],
    ['exp around 0', exp, Math.exp, (u) => u * 2 - 1],
    ['log over its whole range', log, Math.log, (u) => 2 ** (u * 2090 - 1070)],
    ['log around 1', log, Math.log, (u) => 1 + (u - 0.5) * 1e-4],
    ['sin of small angles', sin, Math.sin, (u) => u * 20 - 10],
    ['cos of small angles', cos, Math.cos, (u) => u * 20 - 10],
    ['sin up to a million radians', sin, Math.sin, (u) => u * 2e6 - 1e6],
    ['cos up to a million radians', cos, Math.cos, (u) => u * 2e6 - 1e6],
    ['sin of whole positions', sin, Math.sin, (u) => Math.floor(u * 1e6)],
    ['sin beside multiples of π', sin, Math.sin, (u) => Math.floor(u * 1e6) * Math.PI],
    ['cos beside odd multiples of π/2', cos, Math.cos, (u) => (Math.floor(u * 1e6) + 0.5) * Math.PI],
    ['sin up to 2^28 radians', sin, Math.sin, (u) => u * 2 ** 29 - 2 ** 28],
    ['pow of RoPE frequencies', (x) => pow(1e6, x), (x) => Math.pow(1e6, x), (u) => -Math.floor(u * 128) / 128],
    ['pow with a large exponent', (x) => pow(x, 500), (x) => Math.pow(x, 500), (u) => 0.5 + u],
    ['pow with a negative exponent', (x) => pow(x, -3.7), (x) => Math.pow(x, -3.7), (u) => 2 ** (u * 160 - 80)],
  ];
  test.each(cases)('%s', (_name, fn, reference, draw) => {
    expect(worstUlps(fn, reference, draw)).toBeLessThanOrEqual(2);
  });
});

test('expEach gives what exp gives, and leaves the rest of the array alone', () => {
  const inputs = [0, -0.5, 3, 700, 800, -800, Infinity, -Infinity, NaN, 1e-20];
  const array = Float64Array.from([...inputs, 5]);
  expEach(array, inputs.length);
  expect([...array]).toEqual([...inputs.map(exp), 5]);
});

test('special values follow Math where the domain allows', () => {
  for (const x of [0, -0, Infinity, -Infinity, NaN, 710, -746, 5e-324]) expect(exp(x)).toBe(Math.exp(x));
  for (const x of [0, Infinity, NaN, 1, -1, 5e-324]) expect(log(x)).toBe(Math.log(x));
  for (const x of [0, 1, 2, 0.5, Infinity]) {
    for (const y of [0, 1, -1, 2000, -2000, Infinity, -Infinity, NaN]) {
      if (x === 1)
        expect(pow(x, y)).toBe(1); // ECMA-262 says NaN for 1 ** ±Infinity, C says 1
      else expect(pow(x, y), `${x} ** ${y}`).toBe(Math.pow(x, y));
    }
  }
  expect(pow(-2, 0.5)).toBeNaN();
  expect([sin(0), cos(0)]).toEqual([0, 1]);
});

test('an angle too large to reduce exactly is refused', () => {
  expect(() => sin(2 ** 29)).toThrow(/±2\^28 radians, got 536870912/);
  expect(() => cos(NaN)).toThrow(RangeError);
});

test('every bit of the results is pinned, so another engine that differs anywhere fails here', () => {
  const random = lehmer(11);
  let hash = 0x811c9dc5; // FNV-1a over the 32-bit halves
  const words = new Int32Array(values.buffer, 0, 2);
  for (let i = 0; i < 20_000; i++) {
    const x = (random() - 0.5) * 80;
    for (const y of [exp(x), log(Math.abs(x)), sin(x * 1000), cos(x * 1000), pow(Math.abs(x), x)]) {
      values[0] = y;
      hash = Math.imul(hash ^ words[0]!, 0x01000193);
      hash = Math.imul(hash ^ words[1]!, 0x01000193);
    }
  }
  expect((hash >>> 0).toString(16)).toBe('ae139a93');
});
