/** Measures one session without and with an adapter, in a process of its own: `node adapters_once.js '{…}'` prints one line of JSON. */
import type { openModel as OpenModel } from '../../src/api/open_model.ts';
import { promptIds } from '../measure/phases.ts';
import { randomAdapter } from './random_adapter.ts';

export interface AdaptersJob {
  /** URL of the library's `index.js`. */
  readonly library: string;
  readonly model: string;
  readonly rank: number;
  readonly threads: number;
  readonly rounds: number;
  /** Tokens decoded in a round, behind 64 others. */
  readonly tokens: number;
  /** Length of the prompts that are read. */
  readonly prefill: number;
}

/** Milliseconds, of each round. */
export interface Adapted {
  readonly decode: Pair;
  readonly prefill: Pair;
  readonly engine: string;
}

/** For a token; without the adapter and with it. */
export interface Pair {
  readonly off: number[];
  readonly on: number[];
}

const { library, model: source, rank, threads, rounds, tokens, prefill } = JSON.parse(process.argv[2]!) as AdaptersJob;
const { openModel } = (await import(library)) as { openModel: typeof OpenModel };
const adapters = [{ source: await randomAdapter(source, rank), name: 'random' }];
const model = await openModel(source, { adapters, threads, nCtx: Math.max(64 + tokens, prefill) + 64, maxSessions: 1 });
const { nVocab, backend } = model.info;
const session = model.openSession();
let salt = 1;

async function timings(which: keyof Pair, nPrompt: number, nTokens: number) {
  session.adapters = which === 'on' ? ['random'] : [];
  const options = { maxTokens: nTokens, temperature: 0, ignoreEos: true, onLoop: 'ignore' } as const;
  return (await session.generate(promptIds(nPrompt, salt++, nVocab), options).result).timings;
}

const decodeMs: Pair = { off: [], on: [] };
const prefillMs: Pair = { off: [], on: [] };
for (let round = -1; round < rounds; round++) {
  for (const which of round % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)) {
    const { decodeTps } = await timings(which, 64, tokens + 1);
    const { prefillTps } = await timings(which, prefill, 1);
    if (round < 0) continue; // warms up
    decodeMs[which].push(1000 / decodeTps);
    prefillMs[which].push(1000 / prefillTps);
  }
}
const measured: Adapted = { decode: decodeMs, prefill: prefillMs, engine: `${backend}, Node ${process.version}` };
console.log(JSON.stringify(measured));
await session.close();
await model.close();
