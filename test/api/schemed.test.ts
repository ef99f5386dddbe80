import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openModel, UnsupportedError, type Model, type StandardSchema } from 'thimble';
import { embedded } from './helpers.ts';

const asked = {
  messages: [{ role: 'user', content: 'Ada Lovelace, 36 years old, likes red. Say it as JSON: name, age, colour.' }],
};
const greedy = { temperature: 0, maxTokens: 100 } as const;

const colours = ['red', 'green', 'blue'] as const;
const zodPerson = z.object({ name: z.string().max(20), age: z.int().min(0).max(150), colour: z.enum(colours) });
const valibotPerson = v.object({
  name: v.pipe(v.string(), v.maxLength(20)),
  age: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(150)),
  colour: v.picklist(colours),
});
const arkPerson = type({ name: 'string <= 20', age: '0 <= number.integer <= 150', colour: "'red' | 'green' | 'blue'" });
const jsonPerson = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 20 },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    colour: { enum: colours },
  },
  required: ['name', 'age', 'colour'],
  additionalProperties: false,
} as const;

interface Person {
  name: string;
  age: number;
  colour: (typeof colours)[number];
}

let model: Model;
beforeAll(async () => {
  model = await openModel(embedded, { nCtx: 512, threads: 2 });
});
afterAll(() => model.close());

describe('the value of an answer', () => {
  it('has the type of a schema of Zod, Valibot or ArkType, or the one that is asked for', async () => {
    const ofZod: Person = (await model.generate(asked, { ...greedy, schema: zodPerson })).value;
    const ofValibot: Person = (await model.generate(asked, { ...greedy, schema: toStandardJsonSchema(valibotPerson) })).value; // prettier-ignore
    const ofArk: Person = (await model.generate(asked, { ...greedy, schema: arkPerson }).result).value;
    const ofJson: Person = (await model.generate<Person>(asked, { ...greedy, schema: jsonPerson })).value;
    for (const person of [ofZod, ofValibot, ofArk, ofJson]) {
      expect(zodPerson.parse(person)).toEqual(person);
      expect(person.name).not.toBe('');
    }
    const unknown = (await model.generate(asked, { ...greedy, schema: jsonPerson })).value;
    // @ts-expect-error: a JSON Schema says nothing to TypeScript
    expect(unknown.name).toBe(ofJson.name);
    // @ts-expect-error: Zod knows that it is a text
    const wrong: number = ofZod.name;
    expect(wrong).toBe(ofZod.name);
    // @ts-expect-error: without a schema there is none
    expect((await model.generate('a', { maxTokens: 1 })).value).toBeUndefined();
  });

  it('comes of a chat, with thoughts told apart or not', async () => {
    const chat = model.chat();
    const { value, text } = await chat.send('Name a colour.', { ...greedy, schema: z.enum(colours) });
    const name: 'red' | 'green' | 'blue' = value;
    expect(text).toBe(JSON.stringify(name));
    const parts = await chat.send('Name another one.', { ...greedy, schema: z.enum(colours), thinking: 'split' });
    expect(colours).toContain(parts.value);
    expect(chat.messages.at(-1)!.content).toBe(JSON.stringify(parts.value));
    await chat.close();
  });

  it('is what the schema makes of it', async () => {
    const length = z.enum(colours).transform((colour) => colour.length);
    const { value } = await model.generate(asked, { ...greedy, schema: length });
    const number: number = value;
    expect([3, 4, 5]).toContain(number);
  });

  it('is missed where the answer ended too early, and nobody else misses it', async () => {
    const result = await model.generate(asked, { ...greedy, maxTokens: 3, schema: zodPerson });
    expect(result.stopReason).toBe('length');
    expect(() => result.value).toThrow(RangeError);
    expect(() => result.value).toThrow(/ended too early: maxTokens were made; raise maxTokens/);
    expect({ ...result }).not.toHaveProperty('value');
    expect(JSON.stringify(result)).toContain('"stopReason":"length"');
    const stop = new AbortController();
    stop.abort();
    const stopped = await model.generate(asked, { ...greedy, schema: zodPerson, signal: stop.signal });
    expect(() => stopped.value).toThrow(/it was stopped/);
  });

  it('is refused by checks that no JSON Schema can tell', async () => {
    const schema = z.object({ colour: z.enum(colours).refine(() => false, 'no colour will do') });
    const result = await model.generate(asked, { ...greedy, schema });
    expect(() => result.value).toThrow(/own checks want it: colour: no colour will do/);
  });
});

describe('a schema', () => {
  const answer = (schema: unknown) => model.generate(asked, { schema: schema as object }).result;

  it('that is none is a mistake, and says what it is', async () => {
    await expect(answer('{}')).rejects.toThrow(/^schema is string, expected a JSON Schema, or a schema of Zod/);
    await expect(answer([])).rejects.toThrow(TypeError);
    await expect(answer({ type: () => 1 })).rejects.toThrow(/schema holds a function at "type"/);
    await expect(answer(v.string())).rejects.toThrow(/one of valibot, .*toStandardJsonSchema/);
    const mute: StandardSchema = { '~standard': { version: 1, vendor: 'mute', validate: (value) => ({ value }) } };
    await expect(answer(mute)).rejects.toThrow(/one of mute, which does not tell its JSON form/);
  });

  it('that cannot be held to fails before anything is read, by the name and place of what is in the way', async () => {
    let isRead = false;
    const schema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a|b)\\1$' } } };
    const failing = model.generate(asked, { schema, onPrefill: () => (isRead = true) }).result;
    await expect(failing).rejects.toThrow(UnsupportedError);
    await expect(failing).rejects.toThrow(/\/properties\/a\/pattern/);
    expect(isRead).toBe(false);
  });

  it('belongs to one answer, not to a chat', () => {
    expect(() => model.chat({ schema: {} } as object)).toThrow(/unknown option of chat schema .*generate/);
  });
});

describe('an object', () => {
  it('has no members that its schema does not name, unless it says so', async () => {
    const properties = { a: { type: 'boolean' }, b: { type: 'boolean' } };
    const sampled = { temperature: 2, topK: 0, topP: 1, minP: 0 };
    for (let seed = 1; seed <= 4; seed++) {
      const { text } = await model.generate(asked, {
        ...sampled,
        seed,
        schema: { type: 'object', properties, required: ['a'] },
      });
      expect(text).toMatch(/^\{"a": (true|false)(, "b": (true|false))?\}$/);
    }
    const open = { type: 'object', properties: { a: { const: 1 } }, required: ['a'], minProperties: 2 };
    const { text } = await model.generate(asked, { temperature: 0, maxTokens: 60, schema: open });
    expect(text).toMatch(/^\{"a": 1, "/);
  });
});

describe('a regular expression', () => {
  it('holds an answer', async () => {
    const regexp = '[A-Z][a-z]{2,9} [A-Z][a-z]{2,9}, \\d{2}';
    const { text, stopReason } = await model.generate(asked, { ...greedy, regexp });
    expect(text).toMatch(new RegExp(`^${regexp}$`));
    expect(stopReason).toBe('eos');
    for (const none of ['(', 'a)|(?:b'])
      await expect(model.generate(asked, { regexp: none }).result).rejects.toThrow(
        /^regexp is none: .*Unmatched|Unterminated/,
      );
  });
});

describe('a grammar', () => {
  it('holds an answer', async () => {
    const grammar = 'root ::= "The colour is " ("red" | "blue") "."';
    const { text, stopReason } = await model.generate(asked, { ...greedy, grammar });
    expect(text).toMatch(/^The colour is (red|blue)\.$/);
    expect(stopReason).toBe('eos');
  });
});
