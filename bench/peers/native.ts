/** Measures llama.cpp through node-llama-cpp, in a process of its own: `node native.js '{"dir", "model", …}'`. */
import { nCtxFor, FIRST_PROMPT, promptIds, type Measured, type Phase } from '../measure/phases.ts';
import { bytesFromStorage } from '../lib/storage.ts';
import { importPeer, peerVersion } from './install.ts';

export interface NativeJob {
  readonly dir: string;
  readonly model: string;
  readonly threads: number;
  readonly phases: readonly Phase[];
  readonly label: string;
}

/** The part of node-llama-cpp that is used. */
interface Sequence {
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
  evaluate(tokens: number[], options: { temperature: number; yieldEogToken: boolean }): AsyncIterable<number>;
  clearHistory(): Promise<void>;
}
interface NodeLlamaCpp {
  getLlama(options: Record<string, unknown>): Promise<{
    loadModel(options: Record<string, unknown>): Promise<{
      createContext(options: Record<string, unknown>): Promise<{ getSequence(): Sequence }>;
    }>;
  }>;
  LlamaLogLevel: { readonly error: string };
}

/** Below any vocabulary here; ids are the same for every engine. */
const N_VOCAB = 32_000;

const { dir, model, threads, phases, label } = JSON.parse(process.argv[2]!) as NativeJob;
const { getLlama, LlamaLogLevel } = await importPeer<NodeLlamaCpp>(dir, 'node-llama-cpp/dist/index.js');
const llama = await getLlama({
  ...{ gpu: false, build: 'never', skipDownload: true, progressLogs: false },
  ...{ maxThreads: threads, logLevel: LlamaLogLevel.error },
});
const openMs = performance.now();
const loaded = await llama.loadModel({ modelPath: model, gpuLayers: 0 });
const context = await loaded.createContext({ contextSize: nCtxFor(phases), batchSize: 512, sequences: 1, threads });
const loadMs = performance.now() - openMs;
const sequence = context.getSequence();

/** Milliseconds between the first and the last of `n + 1` tokens: the first one pays for starting. */
async function decodeMs(n: number, first: number): Promise<number> {
  let made = 0;
  let startMs = 0;
  for await (const _ of sequence.evaluate([first], { temperature: 0, yieldEogToken: true })) {
    if (made === 0) startMs = performance.now();
    if (made === n) return performance.now() - startMs;
    made++;
  }
  throw new Error(`the answer ended after ${made} tokens, expected ${n + 1}`);
}

let salt = 1;
const ids = (n: number): number[] => promptIds(n, salt++, N_VOCAB);
const read = (tokens: number[]): Promise<void> => sequence.evaluateWithoutGeneratingNewTokens(tokens);

const firstMs = performance.now();
const prompt = ids(FIRST_PROMPT);
await read(prompt.slice(0, -1));
for await (const _ of sequence.evaluate(prompt.slice(-1), { temperature: 0, yieldEogToken: true })) break;
const ttftMs = performance.now() - firstMs;
await decodeMs(16, 300);

const tps: Record<string, number> = {};
let before = 0;
for (const { name, kind, nTokens, nPast } of phases) {
  await sequence.clearHistory();
  if (nPast > 0) await read(ids(nPast));
  before = bytesFromStorage();
  const startMs = performance.now();
  if (kind === 'prefill') await read(ids(nTokens));
  const ms = kind === 'prefill' ? performance.now() - startMs : await decodeMs(nTokens, 301);
  tps[name] = (nTokens * 1000) / ms;
}
const storedMb = (bytesFromStorage() - before) / 1e6;
const rssMb = process.resourceUsage().maxRSS / 1024;
const engine = `node-llama-cpp ${peerVersion(dir, 'node-llama-cpp')}${label}`;
console.log(JSON.stringify({ loadMs, ttftMs, tps, rssMb, storedMb, threads, engine } satisfies Measured));
process.exit(0); // the addon keeps threads
