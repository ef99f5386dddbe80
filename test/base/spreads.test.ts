import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { greatest, smallest } from '../../src/base/numbers.ts';

const source = new URL('../../src/', import.meta.url);

/** A call takes its arguments on the stack: from about 120,000 on there is a RangeError. */
test('no call in src spreads a list of any length', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(100);
  const spread = /\b(?:push|unshift|splice|concat|max|min|hypot|fromCharCode|fromCodePoint|of)\([^(){}]*\.\.\./g;
  for (const name of files) expect(readFileSync(new URL(name, source), 'utf8').match(spread), name).toBeNull();
});

test('the largest and smallest of a million numbers are found', () => {
  const numbers = Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) % 1_000_003);
  expect([greatest(numbers), smallest(numbers), greatest([-1]), smallest([])]).toEqual([1_000_002, 0, 0, Infinity]);
});
