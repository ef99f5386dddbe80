import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main as asc } from 'assemblyscript/asc';
import { beforeAll, expect, test } from 'vitest';

/** The kernels export no exp: a module of its own does, compiled from the same source with the same options. */
const source = `
  import { Lanes } from './assembly/lib/math';
  export function exp(to: usize, from: usize, n: u32): void {
    for (let i: u32 = 0; i < n; i += 4) v128.store(to + 4 * i, Lanes.exp(v128.load(from + 4 * i)));
  }
  export function softplus(to: usize, from: usize, n: u32): void {
    for (let i: u32 = 0; i < n; i += 4) v128.store(to + 4 * i, Lanes.softplus(v128.load(from + 4 * i)));
  }
  export function exp1(x: f32): f32 {
    return Lanes.exp1(x);
  }
`;
const root = fileURLToPath(new URL('../..', import.meta.url));
const flags = [
  '--runtime',
  'stub',
  '-O3',
  '--noAssert',
  '--enable',
  'simd',
  '--initialMemory',
  '1024',
  '--use',
  'abort=',
];
const builds = { simd: flags, relaxed: [...flags, '--enable', 'relaxed-simd'] };

interface Exp {
  readonly memory: WebAssembly.Memory;
  exp(to: number, from: number, n: number): void;
  softplus(to: number, from: number, n: number): void;
  exp1(x: number): number;
}

const readFile = (name: string): string | null => {
  if (name === 'exp.ts') return source;
  const file = join(root, name);
  return name.startsWith('assembly/') && existsSync(file) ? readFileSync(file, 'utf8') : null;
};

async function compile(flags: readonly string[]): Promise<Exp> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc(['exp.ts', '--outFile', 'exp.wasm', ...flags], {
    readFile,
    writeFile: (_, contents) => void (wasm = contents as Uint8Array),
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return (await WebAssembly.instantiate(wasm as BufferSource)).instance.exports as unknown as Exp;
}

let exps: { readonly simd: Exp; readonly relaxed: Exp };

beforeAll(async () => void (exps = { simd: await compile(builds.simd), relaxed: await compile(builds.relaxed) }));

const FROM = 1 << 16;
const TO = FROM + (1 << 24);

function run({ memory, ...functions }: Exp, x: Float32Array, name: 'exp' | 'softplus' = 'exp'): Float32Array {
  new Float32Array(memory.buffer, FROM, x.length).set(x);
  functions[name](TO, FROM, x.length); // up to three more than there are, read and written behind them
  return new Float32Array(memory.buffer, TO, x.length).slice();
}

const between = (low: number, high: number, n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

/** Every sign, exponent and leading bits of the fraction there is; the rest of the fraction differs. */
const patterns = (): Float32Array =>
  new Float32Array(Uint32Array.from({ length: 1 << 20 }, (_, i) => (i << 12) | ((i * 2654435761) >>> 20)).buffer);

/** Where the result is e^x; outside it stays what it is at these ends. */
const LOWEST = -87.3;
const HIGHEST = 88.3;

/** Distance of a float32 from the number it should be, in units of the last place of that number. */
const ulps = (came: number, wanted: number): number =>
  Math.abs(came - wanted) / 2 ** (Math.floor(Math.log2(wanted)) - 23);

const worst = (x: Float32Array, came: Float32Array): number =>
  x.reduce((most, value, i) => Math.max(most, ulps(came[i]!, Math.exp(value))), 0);

const bytesOf = ({ buffer }: Float32Array): Uint8Array => new Uint8Array(buffer);

test('e^x is within one unit in the last place', () => {
  const dense = between(LOWEST, HIGHEST, 1 << 21);
  expect(worst(dense, run(exps.simd, dense))).toBeLessThan(1);
  // so many that it comes close
  expect(worst(dense, run(exps.simd, dense))).toBeGreaterThan(0.9);
  const small = patterns().filter((x) => x >= LOWEST && x <= HIGHEST);
  expect(worst(small, run(exps.simd, small))).toBeLessThan(1);
});

test('e^0 is exactly 1, and so is that of everything too small to change it', () => {
  const x = Float32Array.of(0, -0, 1e-45, -1e-45, 1e-30, -1e-30, 2 ** -25, -(2 ** -26));
  expect(run(exps.simd, x)).toEqual(new Float32Array(8).fill(1));
});

test('results stay normal and finite: beyond either end they are what they are there', () => {
  const [lowest, highest] = run(exps.simd, Float32Array.of(LOWEST, HIGHEST, 0, 0));
  expect(lowest).toBeGreaterThanOrEqual(2 ** -126);
  expect(highest).toBeLessThan(Infinity);
  const x = patterns();
  const came = run(exps.simd, x);
  const outside = (i: number): number | undefined => (x[i]! < LOWEST ? lowest : x[i]! > HIGHEST ? highest : undefined);
  expect(came.filter((value, i) => outside(i) !== undefined && value !== outside(i))).toHaveLength(0);
  expect(run(exps.simd, Float32Array.of(-Infinity, Infinity, -88, 89))).toEqual(
    Float32Array.of(lowest!, highest!, lowest!, highest!),
  );
});

test('a NaN stays a NaN, whatever its bits', () => {
  const nans = new Float32Array(Uint32Array.of(0x7fc00000, 0xffc00000, 0x7fc00001, 0x7fffffff).buffer);
  expect([...run(exps.simd, nans)]).toEqual([NaN, NaN, NaN, NaN]);
  const x = patterns();
  const came = run(exps.simd, x);
  expect(x.filter(Number.isNaN).length).toBeGreaterThan(4000);
  expect(came.filter((value, i) => Number.isNaN(value) !== Number.isNaN(x[i]!))).toHaveLength(0);
});

test('of numbers 1e-4 apart the larger one never has the smaller result', () => {
  const came = run(exps.simd, between(-90, 90, 1 << 21));
  let falls = 0;
  for (let i = 1; i < came.length; i++) if (came[i]! < came[i - 1]!) falls++;
  expect(falls).toBe(0);
});

test('both builds give the same bits, and a single number those of a lane', () => {
  for (const x of [patterns(), between(LOWEST, HIGHEST, 1 << 20)]) {
    expect(Buffer.compare(bytesOf(run(exps.relaxed, x)), bytesOf(run(exps.simd, x)))).toBe(0);
  }
  const few = patterns().filter((x, i) => i % 64 === 0 && !Number.isNaN(x));
  const singles = Float32Array.from(few, (x) => exps.simd.exp1(x));
  expect(singles).toEqual(run(exps.simd, few).subarray(0, few.length));
});

test('ln(1 + e^x) keeps its digits, also where it is small, and a NaN', () => {
  const few = patterns().filter((x) => x > -87 && x < 1e30);
  for (const x of [between(-87, 30, 1 << 20), between(-1, 1, 1 << 18), few]) {
    const came = run(exps.simd, x, 'softplus');
    const exact = (value: number): number =>
      value > 0 ? value + Math.log1p(Math.exp(-value)) : Math.log1p(Math.exp(value));
    const most = x.reduce((worst, value, i) => Math.max(worst, ulps(came[i]!, exact(value))), 0);
    expect(most).toBeLessThan(3);
    expect(Buffer.compare(bytesOf(run(exps.relaxed, x, 'softplus')), bytesOf(came))).toBe(0);
  }
  expect([...run(exps.simd, Float32Array.of(NaN, Infinity, 1e38, -0), 'softplus')]).toEqual([
    NaN,
    Infinity,
    Math.fround(1e38),
    Math.fround(Math.LN2),
  ]);
});
