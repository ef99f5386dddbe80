/**
 * Sessions of one model at the same time: tokens a second of one that reads, of one that makes an answer, and of several that make answers
 * together. They take turns, in one process, so that whatever disturbs the machine disturbs them alike. Whoever reads makes the logits of
 * the last token only, answers those of each: so there is also one that reads with the logits of each token, which has the same products.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Generation } from '../src/api/generation.ts';
import type { openModel as OpenModel } from '../src/api/open_model.ts';
import { loadModel } from '../src/engine/load_model.ts';
import { openModelFile } from '../src/platform/model_file.ts';
import { detectFeatures } from '../src/platform/features.ts';
import { wasmFactory } from './lib/host.ts';
import { describeMachine } from './lib/machine.ts';
import { count, counts, readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';
import { digits, median, percent, spread } from './measure/stats.ts';

const peers = process.env['THIMBLE_PEERS'] ?? join(homedir(), '.cache', 'thimble', 'peers');
const { options } = readOptions('usage: node bench/run.mjs together [options]', {
  model: { value: 'FILE', default: join(peers, 'gguf', 'llama-3.2-1b-Q4_0.gguf'), help: 'a GGUF file' },
  sessions: { value: 'N,…', default: '2,4,8', help: 'sessions that make answers together' },
  threads: { value: 'N', default: '2', help: 'compute threads' },
  tokens: { value: 'N', default: '24', help: 'tokens of each answer' },
  prompt: { value: 'N', default: '256', help: 'tokens of the text that is read' },
  rounds: { value: 'N', default: '3', help: 'runs of each' },
});

if (!existsSync(options.model)) throw new Error(`${options.model} is not there; give another one: --model FILE`);
const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
const { openModel } = (await import(library.href)) as { openModel: typeof OpenModel };

const several = counts('sessions', options.sessions);
const [nTokens, nPrompt] = [count('tokens', options.tokens), count('prompt', options.prompt)];
const nCtx = nPrompt + nTokens + 8;
const nThreads = count('threads', options.threads);
const model = await openModel(options.model, { threads: nThreads, maxSessions: Math.max(...several), nCtx });
/** The same model, in this thread, with room for the logits of a whole step. */
const file = await openModelFile(options.model);
const factory = wasmFactory(detectFeatures().build, nThreads);
const scoring = await loadModel(file, { nCtx, maxLogits: Math.min(nCtx, 128) }, factory);
const scorer = scoring.openSession();
const sessions = Array.from({ length: Math.max(...several) }, () => model.openSession());
const how = { temperature: 0, ignoreEos: true } as const;
let nAsked = 0;

/** Tokens that begin as no text before. */
const textOf = (n: number): number[] => {
  nAsked++;
  return Array.from({ length: n }, (_, i) => 1000 + ((nAsked * 7919 + i * 31) % 10000));
};

async function read(): Promise<number> {
  const { timings } = await sessions[0]!.generate(textOf(nPrompt), { ...how, maxTokens: 1 });
  return timings.prefillTps;
}

async function score(): Promise<number> {
  const begin = performance.now();
  for await (const _ of scorer.logits(textOf(nPrompt)));
  return (1000 * nPrompt) / (performance.now() - begin);
}

/** Tokens a second of `n` sessions, all together, while each of them makes an answer. */
async function answer(n: number): Promise<number> {
  const times: number[][] = [];
  const follow = async (answer: Generation, i: number): Promise<void> => {
    const at: number[] = (times[i] = []);
    for await (const _ of answer) at.push(performance.now());
  };
  const asked = sessions.slice(0, n).map((session) => session.generate(textOf(4), { ...how, maxTokens: nTokens }));
  await Promise.all(asked.map(follow));
  const begin = Math.max(...times.map((at) => at[0]!));
  const end = Math.min(...times.map((at) => at.at(-1)!));
  const nMade = times.flat().filter((at) => at > begin && at <= end).length;
  return (1000 * nMade) / (end - begin);
}

const tasks = [
  { name: `one reads ${nPrompt} tokens`, run: read },
  { name: 'one reads them, with the logits of each', run: score },
  { name: 'one makes an answer', run: () => answer(1) },
  ...several.map((n) => ({ name: `${n} make answers`, run: () => answer(n) })),
];
const rates = tasks.map((): number[] => []);
for (const { run } of tasks) await run(); // compilers warm up
for (let round = 0; round < count('rounds', options.rounds); round++) {
  for (const [i, { run }] of tasks.entries()) rates[i]!.push(await run());
}
const { backend, threads } = model.info;
await model.close();
await scoring.close();
await Promise.all(file.sources.map((source) => source.close?.()));
const { cpu, nCores, extensions } = describeMachine();
console.log(`${cpu} (${extensions}), ${nCores} cores, Node ${process.version}, ${backend}, ${threads} thread(s)\n`);
const [reading, scored] = [median(rates[0]!), median(rates[1]!)];
const rows = tasks.map(({ name }, i) => {
  const tps = median(rates[i]!);
  return [name, digits(tps), percent(spread(rates[i]!)), percent(tps / reading), percent(tps / scored)];
});
console.log(table(['', 'tokens/s', '±', 'of reading', 'with logits'], rows, 1));
