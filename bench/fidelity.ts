/**
 * What a way of computing costs in accuracy: the logits of one text, computed in several ways, beside those of the first way. A text is cut
 * into windows as `thimble perplexity` does it: each starts from an empty context, and the tokens of its second half count.
 */
import { readFileSync } from 'node:fs';
import type { Model } from '../src/api/model.ts';
import type { openModel as OpenModel } from '../src/api/open_model.ts';
import type { OpenOptions } from '../src/protocol/open.ts';
import { embedded } from './lib/embedded.ts';
import { describeMachine } from './lib/machine.ts';
import { count, readOptions } from './lib/options.ts';
import { addRow, emptyDifference, type RowsDifference } from './lib/rows_difference.ts';
import { percent } from './measure/stats.ts';
import { table } from './lib/table.ts';

const { options, positionals } = readOptions('usage: node bench/run.mjs fidelity [MODEL.gguf] [options]', {
  ways: {
    value: 'LIST',
    default: 'kvType=f32 kvType=f16 kvType=q8_0',
    help: 'options of openModel, commas between those of one way, spaces between ways; the first is what the others are compared with',
  },
  text: { value: 'FILE', default: 'models/LICENSE', help: 'the text' },
  ctx: { value: 'N', default: '512', help: 'tokens in a window' },
  chunks: { value: 'N', default: '1', help: 'windows, from the beginning of the text' },
  greedy: { help: 'also count the greedy texts that equal those of exact arithmetic; embedded model only' },
  json: { help: 'print JSON instead of a table' },
});
const path = positionals[0] ?? embedded;
const ways = options.ways.split(' ');
const nCtx = count('ctx', options.ctx);
const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
const { openModel } = (await import(library.href)) as { openModel: typeof OpenModel };

/** `backend=reference,kvType=f32` → options; numbers become numbers. */
const optionsOf = (way: string): OpenOptions =>
  Object.fromEntries(
    way.split(',').map((part) => {
      const [name = '', value = ''] = part.split('=');
      return [name, /^\d+(\.\d+)?$/.test(value) ? Number(value) : value];
    }),
  );

/** The logits of a window's second half, `[nVocab]` each, but for its last token's: nothing follows that. */
async function rowsOf(model: Model, window: readonly number[]): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  const { nVocab } = model.info;
  let n = 0;
  await model.logits(window, (some) => {
    for (let at = 0; at < some.length; at += nVocab, n++) {
      if (n >= nCtx >> 1 && n < nCtx - 1) rows.push(some.slice(at, at + nVocab));
    }
  });
  return rows;
}

/** Greedy texts of the embedded model in exact arithmetic, see scripts/model_goldens.mjs. */
interface Goldens {
  readonly nTokens: number;
  readonly cases: readonly {
    readonly prompt: readonly number[];
    readonly exact: { readonly tokens: readonly number[] };
  }[];
}

/** How many of the greedy texts come out, such as `20 of 20`. */
async function greedyTexts(model: Model): Promise<string> {
  const golden = new URL('../../test/fixtures/models/smollm2_greedy.json', import.meta.url); // as seen from bench/dist
  const { cases, nTokens } = JSON.parse(readFileSync(golden, 'utf8')) as Goldens;
  let n = 0;
  for (const { prompt, exact } of cases) {
    const { tokens } = await model.generate(prompt, { maxTokens: nTokens, temperature: 0 }).result;
    if (tokens.join() === exact.tokens.join()) n++;
  }
  return `${n} of ${cases.length}`;
}

const models: Model[] = [];
for (const way of ways) models.push(await openModel(path, { nCtx, maxSessions: 2, ...optionsOf(way) }));
const { bosToken, name } = models[0]!.info;
const tokens = await models[0]!.tokenize({ text: readFileSync(options.text, 'utf8'), bos: false });
const nChunks = Math.min(count('chunks', options.chunks), Math.floor(tokens.length / nCtx));
if (nChunks === 0) throw new RangeError(`${options.text} has ${tokens.length} tokens, expected a window of ${nCtx}`);

const totals = ways.map(emptyDifference);
for (let chunk = 0; chunk < nChunks; chunk++) {
  process.stderr.write(`window ${chunk + 1} of ${nChunks} …\n`);
  const window = tokens.slice(chunk * nCtx, (chunk + 1) * nCtx);
  if (bosToken !== undefined) window[0] = bosToken;
  const wanted = await rowsOf(models[0]!, window);
  for (const [i, model] of models.entries()) {
    const came = i === 0 ? wanted : await rowsOf(model, window);
    came.forEach((row, r) => addRow(totals[i]!, row, wanted[r]!, window[(nCtx >> 1) + r + 1]!));
  }
}
const greedy: string[] = [];
for (const model of options.greedy && path === embedded ? models : []) greedy.push(await greedyTexts(model));
await Promise.all(models.map((model) => model.close()));

const lines = totals.map((total, i) => ({ way: ways[i]!, ...summary(total), greedy: greedy[i] }));
if (options.json) console.log(JSON.stringify({ machine: describeMachine(), model: name, lines }, null, 1));
else {
  const n = totals[0]!.kl.length;
  console.log(`${name}, ${n} tokens of ${options.text} in ${nChunks} windows of ${nCtx}, compared with ${ways[0]}\n`);
  const head = ['way', 'perplexity', 'rms of the logits', 'KL, nats', 'KL 99 %', 'KL max', 'same best token', 'greedy'];
  const rows = lines.map((line) => [
    ...[line.way, line.perplexity.toFixed(4), line.rms.toPrecision(2)],
    ...[line.kl, line.kl99, line.klMax].map((kl) => kl.toExponential(1)),
    ...[`${line.sameBest} of ${n}, ${percent(line.sameBest / n)}`, line.greedy ?? '–'],
  ]);
  console.log(table(head, rows));
}

function summary({ squares, nLogits, kl, sameBest, nll }: RowsDifference) {
  const sorted = [...kl].sort((a, b) => a - b);
  return {
    perplexity: Math.exp(nll / kl.length),
    rms: Math.sqrt(squares / nLogits),
    kl: kl.reduce((a, b) => a + b, 0) / kl.length,
    kl99: sorted[Math.floor(0.99 * kl.length)]!,
    klMax: sorted.at(-1)!,
    sameBest,
  };
}
