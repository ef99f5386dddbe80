/**
 * The least time that loading a model can take. `node load_limit.js '{"model", "threads", …}'` reads all weights into one
 * buffer, over and over; then all threads repack as many bytes into fresh memory. It prints one line of JSON.
 */
import type { Backend } from '../../src/backends/backend.ts';
import { detectFeatures, type Build } from '../../src/platform/features.ts';
import { loadModel } from '../../src/engine/load_model.ts';
import { openModelFile } from '../../src/platform/model_file.ts';
import { wasmFactory } from './host.ts';

export interface LoadLimitJob {
  readonly model: string;
  readonly threads: number;
  readonly build?: Build;
}

export interface LoadLimit {
  readonly readMs: number;
  readonly packMs: number;
}

const PIECE_BYTES = 2 << 20;

const { model, threads, build = detectFeatures().build } = JSON.parse(process.argv[2]!) as LoadLimitJob;
const file = await openModelFile(model);
let limit: LoadLimit | undefined;

const upload: (backend: Backend) => Backend['upload'] = (backend) => async (weights, options) => {
  const buffer = new Uint8Array(new SharedArrayBuffer(PIECE_BYTES));
  const startMs = performance.now();
  for (const tensor of weights) {
    const { sizeBytes } = file.tensors.get(tensor.name)!;
    for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
      await options.read(tensor, at, buffer.subarray(0, Math.min(PIECE_BYTES, sizeBytes - at)));
    }
  }
  const readMs = performance.now() - startMs;
  await backend.upload(weights, { read: async () => {} });
  limit = { readMs, packMs: performance.now() - startMs - readMs };
};

const loaded = await loadModel(file, { nCtx: 256, maxSessions: 1 }, async (plan) => {
  const backend = await wasmFactory(build, threads)(plan);
  return { ...backend, upload: upload(backend) };
});
await loaded.close();
await Promise.all(file.sources.map((source) => source.close?.()));
console.log(JSON.stringify(limit));
