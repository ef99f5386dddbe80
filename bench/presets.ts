/**
 * What sampling settings do to the answers of a small model: how many questions with one right answer are answered right, and how much of
 * longer answers repeats itself. Each way is settings of `generate`; the first is the model's own.
 */
import type { GenerateOptions } from '../src/index.ts';
import type { openModel as OpenModel } from '../src/api/open_model.ts';
import { embedded } from './lib/embedded.ts';
import { count, readOptions } from './lib/options.ts';
import { percent } from './measure/stats.ts';
import { table } from './lib/table.ts';

const usage = 'usage: node bench/run.mjs presets [MODEL.gguf] [options]';
const { options, positionals } = readOptions(usage, {
  ways: {
    value: 'LIST',
    default:
      'temperature=0 temperature=0.1 temperature=0.2,topP=0.9 temperature=0.2,topP=0.9,repeatPenalty=1.1 temperature=0.8',
    help: 'settings, commas between those of one way, spaces between ways',
  },
  seeds: { value: 'N', default: '8', help: 'answers to each question' },
});

const questions: readonly (readonly [question: string, right: RegExp])[] = [
  ['What is the capital of France?', /Paris/],
  ['what is the capital of france', /Paris/],
  ['What is the capital of Germany?', /Berlin/],
  ['What is 2+2?', /\b4\b|four/i],
  ['2+2?', /\b4\b|four/i],
  ['What is 3 times 4?', /\b12\b|twelve/i],
  ['How many days are in a week?', /\b7\b|seven/i],
  ['hello', /hello|\bhi\b/i],
];

const longer = [
  'Write a haiku about the sea',
  'Tell me a joke',
  'Explain gravity to a child.',
  'Name ten animals.',
  'List the planets.',
];

const settings = (way: string): GenerateOptions =>
  Object.fromEntries(way.split(',').map((part) => [part.split('=')[0]!, Number(part.split('=')[1])]));

/** The share of four words in a row that stood there before. */
function repeated(text: string): number {
  const words = text.split(/\s+/);
  const fours = words.slice(3).map((_, i) => words.slice(i, i + 4).join(' '));
  return fours.length === 0 ? 0 : 1 - new Set(fours).size / fours.length;
}

const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
const { openModel } = (await import(library.href)) as { openModel: typeof OpenModel };
const model = await openModel(positionals[0] ?? embedded, { nCtx: 512, maxSessions: 1 });
const nSeeds = count('seeds', options.seeds);
const rows: string[][] = [];
for (const way of ['', ...options.ways.split(' ')]) {
  const given = way === '' ? {} : settings(way);
  const ask = async (question: string, seed: number, maxTokens: number) =>
    (await model.generate([{ role: 'user', content: question }], { ...given, seed, maxTokens })).text;
  let nRight = 0;
  for (const [question, right] of questions) {
    for (let seed = 0; seed < nSeeds; seed++) if (right.test(await ask(question, seed, 40))) nRight++;
  }
  let share = 0;
  for (const question of longer) share += repeated(await ask(question, 1, 200)) / longer.length;
  rows.push([
    way || `its own: ${JSON.stringify(model.info.sampling)}`,
    `${nRight} of ${questions.length * nSeeds}`,
    percent(share),
  ]);
}
await model.close();
console.log(`${model.info.name}\n\n${table(['settings', 'right answers', 'repeated'], rows)}`);
