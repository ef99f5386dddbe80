import { expect, it } from 'vitest';
import { ResourceError, UnsupportedError } from '../../../src/base/errors.ts';
import { compiled, fits, inDraft, officialSuite, spellings, type Group } from './judge.ts';

interface Count {
  cases: number;
  passed: number;
  /** Valid, and not let through: held to more than the specification asks. */
  strict: number;
  refused: number;
}

/** Schemas that are refused, by file and description, with the words that say why. */
const refused: string[] = [];
/** Invalid, and let through. */
const wrong: string[] = [];
const counts = new Map<string, Count>();

for (const [file, groups] of Object.entries(officialSuite())) {
  const count: Count = { cases: 0, passed: 0, strict: 0, refused: 0 };
  counts.set(file, count);
  for (const group of groups) judge(file, group, count);
}

function judge(file: string, group: Group, count: Count): void {
  const accepts = acceptor(file, group);
  for (const { data, valid, description } of group.tests) {
    count.cases++;
    const isIn = accepts?.(data);
    if (isIn === undefined) count.refused++;
    else if (isIn === valid) count.passed++;
    else if (valid) count.strict++;
    else wrong.push(`${file}: ${group.description}: ${description}`);
  }
}

function acceptor(file: string, { schema, description }: Group): ((data: unknown) => boolean) | undefined {
  try {
    const grammar = compiled(inDraft(schema, file));
    return (data) => spellings(data).some((text) => fits(grammar, text));
  } catch (error) {
    if (error instanceof RangeError && error.message.startsWith('no value can be written')) return () => false;
    if (!(error instanceof UnsupportedError) && !(error instanceof ResourceError)) throw error;
    refused.push(`${file}: ${description}: ${error.message}`);
    return undefined;
  }
}

/** Annotations, as the specification has it; draft 7 lets validators look at them, too. */
const annotations = /^draft7\/optional\/content: /;

it('lets no invalid value of the official suite through', () => {
  expect(wrong.filter((line) => !annotations.test(line))).toEqual([]);
});

it('refuses schemas by the keyword and its place, and no more of them than these', () => {
  for (const line of refused)
    expect(line).toMatch(/(the root|\/\S+) of the schema: (\$ref|\$schema|uniqueItems|multipleOf|alternatives)/);
  const why = refused.map((line) => /of the schema: (\S+)/.exec(line)![1]!);
  const byKeyword = Object.fromEntries(
    [...new Set(why)].sort().map((keyword) => [keyword, why.filter((one) => one === keyword).length]),
  );
  expect(byKeyword).toEqual({ $ref: 37, $schema: 4, alternatives: 1, multipleOf: 2, uniqueItems: 6 });
});

it('passes as many cases as it ever did', () => {
  const sum = [...counts.values()].reduce((a, b) => ({
    cases: a.cases + b.cases,
    passed: a.passed + b.passed,
    strict: a.strict + b.strict,
    refused: a.refused + b.refused,
  }));
  expect(sum).toEqual({ cases: 3_946, passed: 3_597, strict: 155, refused: 192 });
});
