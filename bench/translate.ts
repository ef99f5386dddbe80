/**
 * How well models translate: chrF of `translate` on sentences of Tatoeba, for each pair in both directions. Beside it stands what the untranslated text
 * would get: a model below that translates nothing.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { openModel as OpenModel } from '../src/api/open_model.ts';
import { translate } from '../src/tasks/translate.ts';
import { chrf } from './lib/chrf.ts';
import { embedded } from './lib/embedded.ts';
import { count, readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';

const usage = 'usage: node bench/run.mjs translate [MODEL.gguf…] [options]';
const { options, positionals } = readOptions(usage, {
  sentences: {
    value: 'FILE',
    default: fileURLToPath(new URL('../data/tatoeba.tsv', import.meta.url)),
    help: 'lines of language, language, text, text, tabs between',
  },
  template: { value: 'FILE', default: '', help: 'a chat template for models that have none' },
  n: { value: 'N', default: '20', help: 'sentences of each pair, at most' },
});

interface Pair {
  readonly from: string;
  readonly to: string;
  readonly texts: (readonly [text: string, right: string])[];
}

/** Pairs in both directions; languages by their tags. */
function readPairs(file: string, most: number): Pair[] {
  const pairs = new Map<string, Pair>();
  const add = (from: string, to: string, text: string, right: string): void => {
    const key = `${from} ${to}`;
    const pair = pairs.get(key) ?? { from: tagOf(from), to: tagOf(to), texts: [] };
    if (pair.texts.length < most) pair.texts.push([text, right]);
    pairs.set(key, pair);
  };
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [a, b, one, two] = line.split('\t');
    if (line.startsWith('#') || !a || !b || !one || !two) continue;
    add(a, b, one, two);
    add(b, a, two, one);
  }
  return [...pairs.values()];
}

/** `de` of `deu`. */
const tagOf = (code: string): string => Intl.getCanonicalLocales(code)[0]!;

const pairs = readPairs(options.sentences, count('n', options.n));
const library = new URL('../../dist/node/index.js', import.meta.url).href;
const { openModel } = (await import(library)) as { openModel: typeof OpenModel };
const chatTemplate = options.template === '' ? '' : readFileSync(options.template, 'utf8');
const rows: string[][] = [];
for (const path of positionals.length > 0 ? positionals : [embedded]) {
  const model = await openModel(path, { nCtx: 1024, ...(chatTemplate !== '' && { chatTemplate }) });
  for (const { from, to, texts } of pairs) {
    const startMs = performance.now();
    const said: (readonly [string, string])[] = [];
    for (const [text, right] of texts) said.push([(await translate(model, text, { from, to }).result).text, right]);
    const seconds = (performance.now() - startMs) / 1000;
    rows.push([
      basename(path),
      `${from} → ${to}`,
      String(texts.length),
      chrf(said).toFixed(1),
      chrf(texts).toFixed(1),
      (seconds / texts.length).toFixed(1),
    ]);
  }
  await model.close();
}
console.log(table(['model', 'pair', 'sentences', 'chrF', 'chrF of the text itself', 's a sentence'], rows));
