import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main as asc } from 'assemblyscript/asc';
import { expect, test } from 'vitest';
import { cos, sin } from '../../src/base/math.ts';

/** The kernels export no cosine: a module of its own does, compiled from the same source. */
const source = `
  import { Angle } from './assembly/lib/angles';
  export function turn(cosines: usize, sines: usize, angles: usize, n: u32): void {
    for (let i: u32 = 0; i < 8 * n; i += 8) {
      Angle.reduce(load<f64>(angles + i));
      store<f64>(cosines + i, Angle.cos());
      store<f64>(sines + i, Angle.sin());
    }
  }
`;
const root = fileURLToPath(new URL('../..', import.meta.url));

interface Turn {
  readonly memory: WebAssembly.Memory;
  turn(cosines: number, sines: number, angles: number, n: number): void;
}

const readFile = (name: string): string | null => {
  if (name === 'turn.ts') return source;
  const file = join(root, name);
  return name.startsWith('assembly/') && existsSync(file) ? readFileSync(file, 'utf8') : null;
};

async function compile(): Promise<Turn> {
  let wasm: Uint8Array | undefined;
  const flags = ['--runtime', 'stub', '-O3', '--noAssert', '--initialMemory', '64', '--use', 'abort='];
  const { error, stderr } = await asc(['turn.ts', '--outFile', 'turn.wasm', ...flags], {
    readFile,
    writeFile: (_, contents) => void (wasm = contents as Uint8Array),
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return (await WebAssembly.instantiate(wasm as BufferSource)).instance.exports as unknown as Turn;
}

const kernels = await compile();
const BATCH = 1 << 17;

/** The angles whose cosine or sine differs from that of src/base/math.ts in any bit, 2^17 at a time. */
function differing(angles: Float64Array): number[] {
  const [from, cosines, sines] = [0, 1, 2].map(
    (i) => new Float64Array(kernels.memory.buffer, 65536 + 8 * BATCH * i, BATCH),
  );
  const wrong: number[] = [];
  for (let at = 0; at < angles.length; at += BATCH) {
    const some = angles.subarray(at, at + BATCH);
    from!.set(some);
    kernels.turn(cosines!.byteOffset, sines!.byteOffset, from!.byteOffset, some.length);
    some.forEach((x, i) => {
      if (!Object.is(cosines![i], cos(x)) || !Object.is(sines![i], sin(x))) wrong.push(x);
    });
  }
  return wrong;
}

/** Park & Miller's minimal standard generator: uniform in (0, 1). */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

test('cosines and sines of positions times frequencies have the bits of src/base/math.ts', () => {
  const random = lehmer(3);
  const frequency = [10000, 500000, 1e6, 2 ** 24].flatMap((base) =>
    Array.from({ length: 16 }, (_, i) => base ** (-i / 16)),
  );
  const first = Array.from({ length: 4096 }, (_, pos) => pos);
  const far = Array.from({ length: 4096 }, () => Math.floor(random() * 2 ** 24));
  const positions = [...first, ...far, 2 ** 24 - 1];
  expect(differing(Float64Array.from(frequency.flatMap((f) => positions.map((pos) => pos * f))))).toEqual([]);
});

test('so have those at and beside multiples of π/4, where quarters are cut, up to the largest angle', () => {
  const angles: number[] = [0, 2 ** 28, 5e-324, 1e-300, 2 ** -27];
  const step = new Float64Array(1);
  const bits = new BigInt64Array(step.buffer);
  for (let i = 1; i < 2 ** 28 / (Math.PI / 4); i = Math.ceil(i * 1.001)) {
    step[0] = i * (Math.PI / 4);
    for (const ulps of [-2n, 1n, 1n, 1n, 1n]) {
      bits[0]! += ulps;
      if (step[0]! <= 2 ** 28) angles.push(step[0]!, -step[0]!);
    }
  }
  expect(angles.length).toBeGreaterThan(100_000);
  expect(differing(Float64Array.from(angles))).toEqual([]);
});
