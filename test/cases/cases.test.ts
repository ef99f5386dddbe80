import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Op } from '../../src/graph/graph.ts';
import { countBytes } from './count_bytes.ts';
import { opCases } from './index.ts';
import { buildCase } from './op_case.ts';

/** Watching is slow: beyond this many operations the bytes of a case are not counted. */
const WATCHED_FLOPS = 2e6;

describe('an op says what it costs', () => {
  for (const opCase of opCases) {
    test(`${opCase.op.name}: ${opCase.name}`, () => {
      const built = buildCase(opCase);
      const { flops, bytes } = opCase.op.cost(built.node, built.step);
      expect(flops).toBe(opCase.flops);
      if (flops <= WATCHED_FLOPS) expect(bytes).toBe(countBytes(built));
    });
  }
});

test('every op has cases', async () => {
  const folder = new URL('../../src/ops/', import.meta.url);
  const stems = readdirSync(folder).map((file) => file.replace('.ts', ''));
  const found: Op[] = [];
  for (const stem of stems) {
    const exported = (await import(new URL(`${stem}.ts`, folder).href)) as Record<string, unknown>;
    const ops = Object.values(exported).filter((each): each is Op => typeof each === 'object' && 'reference' in each!);
    for (const op of ops) expect(op.name).toBe(stem);
    found.push(...ops);
  }
  expect(found.length).toBeGreaterThan(8);
  expect(new Set(opCases.map(({ op }) => op))).toEqual(new Set(found));
});
