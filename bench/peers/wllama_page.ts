import { FIRST_PROMPT, nCtxFor, type Measured, type Phase } from '../measure/phases.ts';
import type { PageJob } from './browser.ts';
import { promptText } from './vocab.ts';

/** The part of wllama that is used. */
interface Wllama {
  loadModel(files: readonly Blob[], options: Record<string, unknown>): Promise<void>;
  createCompletion(options: Record<string, unknown>): Promise<AsyncIterable<Chunk>>;
  getNumThreads(): number;
  setCompat(urls: null): void;
}
interface Chunk {
  readonly timings?: { readonly prompt_n?: number; readonly predicted_n?: number };
}
interface WllamaModule {
  readonly Wllama: new (paths: { default: string }, options: Record<string, unknown>) => Wllama;
}

const silent = { debug() {}, log() {}, warn() {}, error() {} };

/** llama.cpp in WebAssembly. It takes text only, so prompts are words that are one token each. */
export async function measure(phases: readonly Phase[], { threads, words, gpu }: PageJob): Promise<Measured> {
  const library = '/wllama/index.js';
  const { Wllama } = (await import(library)) as WllamaModule;
  const wasm = new URL('/wllama/wasm/wllama.wasm', location.href).href;
  const engine = new Wllama({ default: wasm }, { logger: silent });
  engine.setCompat(null); // its second build would come from another server
  const files = [...document.querySelector('input')!.files!];
  const openMs = performance.now();
  const nCtx = nCtxFor(phases);
  const sizes = { n_threads: threads, n_ctx: nCtx, n_batch: 512, n_ubatch: 512 };
  await engine.loadModel(files, { ...sizes, n_gpu_layers: gpu ? 999 : 0 });
  const loadMs = performance.now() - openMs;

  let salt = 1;
  const text = (n: number): string => promptText(words, n, salt++);
  const first = await complete(engine, text(FIRST_PROMPT), 1);
  await complete(engine, text(16), 5);
  const tps: Record<string, number> = {};
  for (const { name, kind, nTokens, nPast } of phases) {
    const past = text(nPast);
    if (kind === 'decode') {
      const { firstMs, lastMs, nMade } = await complete(engine, past, nTokens + 1);
      tps[name] = ((nMade - 1) * 1000) / (lastMs - firstMs);
      continue;
    }
    if (nPast > 0) await complete(engine, past, 1);
    const { firstMs, nRead } = await complete(engine, past + text(nTokens), 1);
    tps[name] = ((nRead ?? nTokens) * 1000) / firstMs;
  }
  return { loadMs, ttftMs: first.firstMs, tps, threads: engine.getNumThreads(), engine: 'wllama' };
}

/** One greedy answer: the times of its first and last token from the call on, and how many tokens the engine says it read. */
async function complete(engine: Wllama, prompt: string, maxTokens: number) {
  const startMs = performance.now();
  const chunks = await engine.createCompletion({
    ...{ prompt, max_tokens: maxTokens, temperature: 0, top_k: 1, stream: true },
    ...{ ignore_eos: true, cache_prompt: true, timings_per_token: true },
  });
  let firstMs = 0;
  let lastMs = 0;
  let nChunks = 0;
  let timings: Chunk['timings'];
  for await (const chunk of chunks) {
    lastMs = performance.now() - startMs;
    firstMs ||= lastMs;
    nChunks++;
    timings = chunk.timings ?? timings;
  }
  return { firstMs, lastMs, nMade: timings?.predicted_n ?? nChunks, nRead: timings?.prompt_n };
}
