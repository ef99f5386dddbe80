import { readFileSync } from 'node:fs';
import { Template } from '@huggingface/jinja';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import { compileTemplate } from '../../src/chat/template.ts';
import { conversations, inputOf, now, templates } from './helpers.ts';

type Outcome = { text?: string; refused?: string; error?: string };
const path = new URL('../fixtures/chat/renders.json', import.meta.url);
const goldens = JSON.parse(readFileSync(path, 'utf8')) as {
  engine: string;
  renders: Record<string, Record<string, Outcome>>;
};

describe.each(Object.entries(goldens.renders))(`%s renders as with ${goldens.engine}`, (name, outcomes) => {
  const source = templates.get(name)!;
  it.each(Object.entries(outcomes))('%s', (conversation, golden) => {
    const render = () => compileTemplate(source).render(inputOf(conversations[conversation]!));
    if (golden.text !== undefined) expect(render()).toBe(golden.text);
    else if (golden.refused !== undefined)
      expect(render).toThrow(new RangeError(`the chat template rejects this conversation: ${golden.refused}`));
    else expect(render).toThrow(FormatError);
  });
});

it('has a golden for every template and conversation', () => {
  const names = Object.keys(conversations).sort();
  for (const name of templates.keys()) expect(Object.keys(goldens.renders[name] ?? {}).sort(), name).toEqual(names);
});

it('agrees with @huggingface/jinja where that agrees with Python', () => {
  vi.useFakeTimers({ now, toFake: ['Date'] }); // its strftime_now has no other clock
  onTestFinished(() => void vi.useRealTimers());
  let nCompared = 0;
  for (const [name, source] of templates) {
    for (const [title, conversation] of Object.entries(conversations)) {
      let theirs: string;
      try {
        theirs = new Template(source).render({ bos_token: '<s>', eos_token: '</s>', ...structuredClone(conversation) });
      } catch {
        continue;
      }
      if (theirs !== goldens.renders[name]?.[title]?.text) continue;
      nCompared++;
      expect(compileTemplate(source).render(inputOf(conversation))).toBe(theirs);
    }
  }
  expect(nCompared).toBeGreaterThan(100);
});
