/**
 * Real schemas with instances, out of MaskBench. Its data has no licence to be committed: where `../shared` is missing, this skips. All
 * 2,086 schemas: THIMBLE_MASKBENCH=all npx vitest run test/grammar/schema/maskbench.test.ts
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ResourceError, UnsupportedError } from '../../../src/base/errors.ts';
import type { CompiledGrammar } from '../../../src/grammar/matcher.ts';
import { seeded } from '../dice.ts';
import { compiled, fits, hasTwice, randomText } from './judge.ts';
import { oracle } from './oracle.ts';

interface Row {
  readonly name: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly valid: boolean; readonly data: unknown }[];
}

const file = new URL('../../../../shared/data/schemas/maskbench-sample.jsonl.gz', import.meta.url);
const lines = existsSync(file) ? gunzipSync(readFileSync(file)).toString().trim().split('\n') : [];
const isWhole = process.env['THIMBLE_MASKBENCH'] === 'all';

/** A few of every group, or all. */
const rows = lines.filter((_, i) => isWhole || i % 21 === 0);

/** The texts of the instances as they stand in the file, spaces and `12345.0` and all. */
function instances(line: string): string[] {
  const found: string[] = [];
  const mark = '"data": ';
  const schemaAt = line.indexOf('"schema": ') + '"schema": '.length;
  const testsAt = schemaAt + valueLength(line.slice(schemaAt));
  for (let at = line.indexOf(mark, testsAt); at >= 0; at = line.indexOf(mark, at)) {
    at += mark.length;
    const length = valueLength(line.slice(at));
    found.push(line.slice(at, at + length));
    at += length;
  }
  return found;
}

/** The length of the JSON value that a text begins with. */
function valueLength(text: string): number {
  let depth = 0;
  for (const { 0: piece, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    if (piece === '{' || piece === '[') depth++;
    if (depth === 0 && /[,}\]]/.test(piece)) return index;
    if (piece === '}' || piece === ']') depth--;
    if (depth === 0) return index + piece.length;
  }
  return text.length;
}

function grammarOf(schema: unknown): CompiledGrammar | undefined {
  try {
    return compiled(schema);
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof ResourceError) return undefined;
    throw error;
  }
}

describe.skipIf(rows.length === 0)('real schemas', () => {
  it('stops every invalid instance, and passes at least 97 of 100 schemas', () => {
    const letThrough: string[] = [];
    let nPassed = 0;
    for (const line of rows) {
      const { name, schema, tests } = JSON.parse(line) as Row;
      const grammar = grammarOf(schema);
      const texts = instances(line);
      expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(tests.map(({ data }) => data));
      const isRight = tests.map(({ valid }, i) => grammar !== undefined && fits(grammar, texts[i]!) === valid);
      tests.forEach(
        ({ valid }, i) => void (grammar && !valid && !isRight[i] && letThrough.push(`${name}: ${texts[i]}`)),
      );
      if (isRight.every(Boolean)) nPassed++;
    }
    expect(letThrough).toEqual([]);
    expect(nPassed / rows.length).toBeGreaterThan(0.97);
    if (isWhole) console.log(`${nPassed} of ${rows.length} schemas pass`);
  }, 600_000);

  it('makes only texts that ajv finds valid, whatever is chosen', () => {
    const dice = seeded(7);
    let nTexts = 0;
    for (const line of rows.filter((_, i) => isWhole || i % 2 === 0)) {
      const { name, schema } = JSON.parse(line) as Row;
      const validate = oracle(schema);
      const grammar = grammarOf(schema);
      const text = validate && grammar && randomText(grammar, dice);
      if (text === undefined) continue;
      nTexts++;
      expect(validate!(JSON.parse(text)) && !hasTwice(text), `${name}: ${text}`).toBe(true);
    }
    expect(nTexts).toBeGreaterThan(rows.length * 0.4);
  }, 600_000);
});
