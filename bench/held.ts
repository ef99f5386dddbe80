/**
 * What it costs or saves to hold answers to a schema: tokens per second of answers with and without, how many tokens a step of the model
 * brings, and whether an answer's tokens are those that its text is tokenised to.
 */
import type { GenerateOptions, GenerateResult } from '../src/index.ts';
import type { openModel as OpenModel } from '../src/api/open_model.ts';
import { embedded } from './lib/embedded.ts';
import { count, readOptions } from './lib/options.ts';
import { median } from './measure/stats.ts';
import { table } from './lib/table.ts';

const usage = 'usage: node bench/run.mjs held [MODEL.gguf] [options]';
const { options, positionals } = readOptions(usage, {
  rounds: { value: 'N', default: '3', help: 'how often each answer is made; medians are shown' },
  threads: { value: 'N', help: 'default: as many as the engine takes' },
});

const text = (maxLength: number) => ({ type: 'string', maxLength });
const object = (properties: Record<string, unknown>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const cases: readonly (readonly [name: string, question: string, schema: object])[] = [
  [
    'person, long keys',
    'Invent a person called Ada who lives in Lyon.',
    object({
      firstNameAndLastName: text(30),
      ageInYearsAtLastBirthday: { type: 'integer', minimum: 18, maximum: 99 },
      placeOfResidence: text(30),
      favouriteColours: {
        type: 'array',
        items: { enum: ['red', 'green', 'blue', 'yellow'] },
        minItems: 2,
        maxItems: 3,
      },
      isCurrentlyEmployed: { type: 'boolean' },
    }),
  ],
  [
    'list of objects',
    'List three cities of Europe with their countries and populations.',
    {
      type: 'array',
      minItems: 3,
      maxItems: 3,
      items: object({
        cityName: text(20),
        countryName: text(20),
        numberOfInhabitants: { type: 'integer', minimum: 1000 },
      }),
    },
  ],
  [
    'sentiment, one word',
    'What is the mood of this review? "The food was cold and the waiter rude."',
    object({ sentiment: { enum: ['positive', 'neutral', 'negative'] } }),
  ],
  ['summary, free text', 'Sum up the story of Cinderella.', object({ title: text(60), summary: text(400) })],
];

const ways: Readonly<Record<string, (schema: object) => GenerateOptions>> = {
  free: () => ({ maxTokens: 100 }),
  held: (schema) => ({ schema }),
  'one by one': (schema) => ({ schema, logProbs: 0 }), // scores want the logits before every token
  'held, lookup': (schema) => ({ schema, speculate: 'lookup' }),
};

const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
const { openModel } = (await import(library.href)) as { openModel: typeof OpenModel };
const model = await openModel(positionals[0] ?? embedded, {
  nCtx: 1024,
  maxSessions: 1,
  ...(options.threads && { threads: count('threads', options.threads) }),
});
const nRounds = count('rounds', options.rounds);

const rows: string[][] = [];
for (const [name, question, schema] of cases) {
  const made = new Map<string, GenerateResult[]>(Object.keys(ways).map((way) => [way, []]));
  for (let round = 0; round <= nRounds; round++) {
    for (const [way, optionsOf] of Object.entries(ways)) {
      const result = await model.generate([{ role: 'user', content: question }], {
        temperature: 0,
        ...optionsOf(schema),
      });
      if (round > 0) made.get(way)!.push(result); // the first one compiles
    }
  }
  const held = made.get('held')![0]!;
  const tokens = await model.tokenize({ text: held.text });
  const rate = (way: string) => median(made.get(way)!.map(({ timings }) => timings.decodeTps)).toFixed(1);
  rows.push([
    name,
    String(held.tokens.length),
    ...Object.keys(ways).map(rate),
    sameTokens(tokens, held.tokens) ? 'yes' : 'no',
  ]);
}
console.log(
  table(['answer', 'tokens', ...Object.keys(ways).map((way) => `${way}, tok/s`), "tokens are the text's"], rows),
);
await model.close();

function sameTokens(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((token, i) => token === b[i]);
}
