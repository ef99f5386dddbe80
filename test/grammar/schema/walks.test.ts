import { expect, it } from 'vitest';
import { ResourceError, UnsupportedError } from '../../../src/base/errors.ts';
import { seeded, type Dice } from '../dice.ts';
import { compiled, hasTwice, inDraft, officialSuite, randomText, type Case } from './judge.ts';
import { oracle } from './oracle.ts';

const schemas = Object.entries(officialSuite()).flatMap(([file, groups]) =>
  groups.map(({ description, schema, tests }) => ({
    name: `${file}: ${description}`,
    schema: inDraft(schema, file),
    tests,
  })),
);

/** Whether ajv itself is right about the suite's own cases: it has a few faults. */
function agrees(validate: (value: unknown) => unknown, tests: readonly Case[]): boolean {
  try {
    return tests.every(({ data, valid }) => validate(data) === valid);
  } catch {
    return false;
  }
}

/** Texts by chance, and those that ajv says are not valid. */
function walks(schema: unknown, tests: readonly Case[], dice: Dice, n: number): { nTexts: number; wrong: string[] } {
  const result = { nTexts: 0, wrong: [] as string[] };
  const validate = oracle(schema);
  if (!validate || !agrees(validate, tests)) return result;
  let grammar;
  try {
    grammar = compiled(schema);
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof ResourceError || error instanceof RangeError)
      return result;
    throw error;
  }
  for (let i = 0; i < n; i++) {
    const text = randomText(grammar, dice, 250);
    if (text === undefined) continue;
    result.nTexts++;
    if (hasTwice(text) || !validate(JSON.parse(text))) result.wrong.push(text);
  }
  return result;
}

it('makes only texts that ajv finds valid, whatever is chosen, under the schemas of the official suite', () => {
  const dice = seeded(13);
  let nTexts = 0;
  for (const { name, schema, tests } of schemas) {
    const found = walks(schema, tests, dice, 2);
    expect(found.wrong, `${name} ${JSON.stringify(schema)}`).toEqual([]);
    nTexts += found.nTexts;
  }
  expect(nTexts).toBeGreaterThan(900);
});
