import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../../src/graph/tensor.ts';
import { Pager, type PagerHost } from '../../../src/backends/wasm/paged/pager.ts';
import type { PlacedUnit } from '../../../src/backends/wasm/paged/paging.ts';
import { f32 } from '../../../src/quants/f32.ts';

const ROWS = 4;
const COLS = 8;
const UNIT_BYTES = 4 * ROWS * COLS;
const AREA_BYTES = UNIT_BYTES / 2; // each unit comes in two batches

/** Matrices of floats, each full of its own number plus one, at these places of a ring. */
function openPager(begins: readonly number[], nAreas: number) {
  const units = begins.map((begin, u): PlacedUnit => {
    const tensor = { name: `w${u}`, quant: f32, shape: [ROWS, COLS] } as unknown as Tensor;
    return { weights: [tensor], begin, end: begin + UNIT_BYTES };
  });
  const ringBytes = Math.max(...units.map(({ end }) => end));
  const floats = new Float32Array((ringBytes + nAreas * AREA_BYTES) / 4);
  const places = units.map(({ weights: [tensor], begin }) => {
    return [tensor!.name, { begin, rows: ROWS, cols: COLS, isPacked: false }] as const;
  });
  const host = {
    heap: { floats, bytes: (begin: number, bytes: number) => new Uint8Array(floats.buffer, begin, bytes) },
    plan: {
      paging: { units, nAreas, areaBytes: AREA_BYTES, stagingAt: ringBytes },
      paged: { begin: 0 },
      rowsPerItem: 1,
      weights: new Map(places),
    },
    tick: () => Promise.resolve(),
  } as unknown as PagerHost;
  const pager = new Pager(host);
  let nReads = 0;
  pager.open(async ({ name }, _offset, into) => {
    nReads++;
    for (let turn = 0; turn < nReads % 3; turn++) await Promise.resolve(); // some come late
    new Float32Array(into.buffer, into.byteOffset, into.length / 4).fill(1 + Number(name.slice(1)));
  });
  /** What lies in the places of a step's units when these are said to be there. */
  const step = async (order: readonly number[]): Promise<number[]> => {
    const seen: number[] = [];
    await pager.begin(order);
    for (const unit of order) {
      await pager.arrive(unit, undefined);
      const numbers = new Set(floats.subarray(begins[unit]! / 4, begins[unit]! / 4 + ROWS * COLS));
      seen.push(numbers.size === 1 ? [...numbers][0]! - 1 : NaN);
    }
    pager.end();
    return seen;
  };
  return { pager, step, nReads: () => nReads };
}

describe('a ring of weights', () => {
  test('two units that share a place overwrite each other, and are read anew each time', async () => {
    const { step, pager, nReads } = openPager([0, 0], 4);
    for (let n = 0; n < 3; n++) expect(await step([0, 1])).toEqual([0, 1]);
    expect(nReads()).toBeGreaterThanOrEqual(3 * 2 * 2);
    await pager.close();
  });

  test('what lies in a place of its own is read once', async () => {
    const { step, pager, nReads } = openPager([0, UNIT_BYTES], 4);
    for (let n = 0; n < 3; n++) expect(await step([0, 1])).toEqual([0, 1]);
    expect(nReads()).toBe(2 * 2);
    await pager.close();
  });

  test.each([
    ['one place', [0, 0, 0, 0, 0]],
    ['two places by turns', [0, UNIT_BYTES, 0, UNIT_BYTES, 0]],
    ['places that overlap', [0, UNIT_BYTES / 2, UNIT_BYTES, 0, UNIT_BYTES / 2]],
  ])('units are what they should be, whichever a step wants: %s', async (_, begins) => {
    for (const nAreas of [2, 3, 8]) {
      const { step, pager } = openPager(begins, nAreas);
      for (let wanted = 0; wanted < 64; wanted++) {
        const order = begins.flatMap((_, unit) => ((wanted * 11 + 3) & (1 << unit) ? [unit] : []));
        expect(await step(order)).toEqual(order);
      }
      await pager.close();
    }
  });
});
