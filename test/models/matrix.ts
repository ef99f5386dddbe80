import { afterAll, expect } from 'vitest';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import { openBytes, reference, rowsOfLogits } from '../helpers/open.ts';
import { builds, logitsOf, wasm } from './steps.ts';

/** What computes, and with how many threads. */
export interface Computer {
  readonly factory: BackendFactory;
  readonly threads: number;
}

export const computers: Readonly<Record<string, Computer>> = {
  'plain loops': { factory: reference, threads: 1 },
  ...Object.fromEntries(builds.map((build) => [`WASM, ${build}`, { factory: wasm(build), threads: 2 }])),
};

export type Ways = Readonly<Record<string, readonly Float32Array[]>>;

/** The logits of all tokens, `[nTokens][nVocab]`, in every way in which a text comes to be read. */
export async function readInAllWays(
  bytes: Uint8Array,
  tokens: readonly number[],
  { factory, threads }: Computer,
): Promise<Ways> {
  const read = (maxLogits: number) => logitsOf(bytes, tokens, { maxLogits, threads }, factory);
  return {
    'all at once': await read(tokens.length),
    'in sevens': await read(7),
    'one by one': await read(1),
    restored: await restored(bytes, tokens, factory),
  };
}

/** Half of the text is read, saved, and restored in another model, which reads on. */
async function restored(bytes: Uint8Array, tokens: readonly number[], factory: BackendFactory): Promise<Float32Array[]> {
  const half = tokens.length >> 1;
  const options = { kvType: 'f32', nCtx: 256, threads: 1, maxLogits: 5 } as const;
  const [model, other] = [await openBytes(bytes, options, factory), await openBytes(bytes, options, factory)];
  try {
    const session = model.openSession();
    const rows = await rowsOfLogits(session.logits(tokens.slice(0, half)), model.tokenizer.nVocab);
    const next = other.openSession();
    await next.restore(await session.save());
    return [...rows, ...(await rowsOfLogits(next.logitsBehind(tokens.slice(half)), model.tokenizer.nVocab))];
  } finally {
    await model.close();
    await other.close();
  }
}

/** Fails where a way has other bits than the first one. */
export function expectSameBits(ways: Ways): void {
  const [first, ...others] = Object.entries(ways);
  for (const [way, rows] of others) expect(rows, `${way}, beside ${first![0]}`).toEqual(first![1]);
}

/** Largest differences from llama.cpp, which are printed when all tests of a file are done. */
export function gapTable(title: string): (name: string, computer: string, gap: number, tolerance: number) => void {
  const lines = new Map<string, Record<string, string>>();
  afterAll(() => {
    console.log(title);
    console.table(Object.fromEntries(lines));
  });
  return (name, computer, gap, tolerance) => {
    const { 'at most': _, ...line } = lines.get(name) ?? {};
    lines.set(name, { ...line, [computer]: gap.toExponential(1), 'at most': tolerance.toExponential(0) });
    expect(gap, `${name}, ${computer}`).toBeLessThan(tolerance);
  };
}
