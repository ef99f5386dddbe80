import { readFileSync } from 'node:fs';
import { Template } from '@huggingface/jinja';
import { describe, expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/base/errors.ts';
import { compileTemplate } from '../../src/chat/template.ts';
import { now } from './helpers.ts';

type Outcome = { text?: string; refused?: string; error?: string };
interface Goldens {
  engine: string;
  variables: Record<string, unknown>;
  snippets: [source: string, outcome: Outcome][];
}

const path = new URL('../fixtures/chat/snippets.json', import.meta.url);
const { engine, variables, snippets } = JSON.parse(readFileSync(path, 'utf8')) as Goldens;
const input = {
  messages: [],
  addGenerationPrompt: false,
  bosToken: '',
  eosToken: '',
  now,
  templateVars: variables,
};

function outcome(source: string): Outcome {
  try {
    return { text: compileTemplate(source).render(input) };
  } catch (error) {
    if (error instanceof RangeError) return { refused: error.message.replace(/^.*conversation: /, '') };
    if (error instanceof FormatError || error instanceof UnsupportedError) return { error: error.message };
    throw error;
  }
}

describe(`a snippet renders as with ${engine}`, () => {
  for (const [line, golden] of snippets) {
    it(line, () => {
      const ours = outcome(line.replaceAll('⏎', '\n'));
      if (golden.error === undefined) expect(ours).toEqual(golden);
      else expect(ours.error).toMatch(/line \d+/);
    });
  }
});

it('agrees with @huggingface/jinja wherever that agrees with Python', () => {
  let nCompared = 0;
  for (const [line, golden] of snippets) {
    if (golden.text === undefined) continue;
    const source = line.replaceAll('⏎', '\n');
    let theirs: string;
    try {
      theirs = new Template(source).render(structuredClone(variables));
    } catch {
      continue;
    }
    if (theirs !== golden.text) continue;
    nCompared++;
    expect(outcome(source).text).toBe(theirs);
  }
  expect(nCompared).toBeGreaterThanOrEqual(15);
});
