/**
 * What a way of computing costs in accuracy: the logits of one text, computed in several ways, beside those of the first way. "first=..." may
 * be plain loops (`backend=reference`), which take minutes.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { openModel as OpenModel } from '../src/api/open_model.ts';
import type { OpenOptions } from '../src/protocol/open.ts';
import { embedded } from './lib/embedded.ts';
import { describeMachine } from './lib/machine.ts';
import { count, readOptions } from './lib/options.ts';
import { difference, noDifference } from './lib/rows_difference.ts';
import { table } from './lib/table.ts';

const { options, positionals } = readOptions('usage: node bench/run.mjs fidelity [MODEL.gguf] [options]', {
  ways: {
    value: 'LIST',
    default: 'kvType=f32 kvType=f16 kvType=q8_0',
    help: 'options of openModel, commas between those of one way, spaces between ways; the first is what the others are compared with',
  },
  text: { value: 'FILE', default: 'models/LICENSE', help: 'the text' },
  tokens: { value: 'N', default: '256', help: 'its first tokens' },
  greedy: { help: 'also count the golden greedy texts of the embedded model that come out' },
  json: { help: 'print JSON instead of a table' },
});
const ways = options.ways.split(' ');
const nTokens = count('tokens', options.tokens);
const text = readFileSync(options.text, 'utf8');
const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
const { openModel } = (await import(library.href)) as { openModel: typeof OpenModel };

/** `backend=reference,kvType=f32` → options; numbers become numbers. */
const optionsOf = (way: string): OpenOptions =>
  Object.fromEntries(
    way.split(',').map((part) => {
      const [name = '', value = ''] = part.split('=');
      return [name, /^\d+$/.test(value) ? Number(value) : value];
    }),
  );

/** Greedy texts of the embedded model in exact arithmetic, made by scripts/model_goldens.mjs. */
interface Goldens {
  readonly nTokens: number;
  readonly cases: readonly { readonly prompt: number[]; readonly exact: { readonly tokens: readonly number[] } }[];
}
const goldenFile = new URL('../../test/fixtures/models/smollm2_greedy.json', import.meta.url); // as seen from bench/dist
const goldens = options.greedy ? (JSON.parse(readFileSync(goldenFile, 'utf8')) as Goldens) : undefined;

/** How many of the golden texts a model makes. */
async function goldenTexts(model: Awaited<ReturnType<typeof openModel>>): Promise<string> {
  if (!goldens) return '–';
  const { cases, nTokens: maxTokens } = goldens;
  let nSame = 0;
  for (const { prompt, exact } of cases) {
    const { tokens } = await model.generate(prompt, { temperature: 0, maxTokens }).result;
    if (tokens.join() === exact.tokens.join()) nSame++;
  }
  return `${nSame} of ${cases.length}`;
}

interface Line {
  readonly way: string;
  readonly rms: number;
  readonly kl: number;
  readonly sameBest: number;
  readonly perplexity: number;
  readonly greedy: string;
}

const wanted: Float32Array[] = [];
const lines: Line[] = [];
for (const [i, way] of ways.entries()) {
  process.stderr.write(`${way} …\n`);
  const model = await openModel(positionals[0] ?? embedded, { nCtx: nTokens, maxSessions: 1, ...optionsOf(way) });
  const tokens = (await model.tokenize(text)).slice(0, nTokens);
  const { nVocab } = model.info;
  const total = noDifference();
  let row = 0;
  await model.logits(tokens, (rows) => {
    for (let at = 0; at < rows.length; at += nVocab, row++) {
      const came = rows.slice(at, at + nVocab);
      if (i === 0) wanted.push(came);
      difference(total, came, wanted[row]!, tokens[row + 1]);
    }
  });
  const greedy = await goldenTexts(model);
  await model.close();
  lines.push({
    way,
    rms: Math.sqrt(total.squares / (row * nVocab)),
    kl: total.kl / row,
    sameBest: total.sameBest,
    perplexity: Math.exp(total.nll / (row - 1)),
    greedy,
  });
}

if (options.json) console.log(JSON.stringify({ machine: describeMachine(), nTokens, lines }, null, 1));
else {
  const name = options.text.replace(fileURLToPath(new URL('..', import.meta.url)), '');
  console.log(`The first ${nTokens} tokens of ${name}, logits compared with those of ${ways[0]}\n`);
  const rows = lines.map(({ way, rms, kl, sameBest, perplexity, greedy }) => [
    ...[way, rms.toPrecision(2), kl.toExponential(1), `${sameBest} of ${nTokens}`, perplexity.toFixed(4), greedy],
  ]);
  console.log(table(['way', 'rms of the logits', 'KL, nats', 'same best token', 'perplexity', 'greedy texts'], rows));
}
