import { readFile } from 'node:fs/promises';
import { availableParallelism, freemem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { asError, ResourceError } from '../base/errors.ts';
import { openBeside, openNodeFile } from '../bytes/node_file.ts';
import type { Platform, WorkerHandle } from './platform.ts';

export const files: Platform['files'] = async () => ({
  engine: new URL('./engine.js', import.meta.url).href,
  compute: new URL('./compute.js', import.meta.url).href,
  encode: new URL('./encode.js', import.meta.url).href,
  'thimble.simd': new URL('../thimble.simd.wasm', import.meta.url).href,
  'thimble.simd.more': new URL('../thimble.simd.more.wasm', import.meta.url).href,
  'thimble.relaxed': new URL('../thimble.relaxed.wasm', import.meta.url).href,
  'thimble.relaxed.more': new URL('../thimble.relaxed.more.wasm', import.meta.url).href,
});

export const inlinedFiles: Platform['inlinedFiles'] = async () => undefined;

export const spawn: Platform['spawn'] = (script, name) => {
  // Flags such as --input-type are the caller's own. Weights lie outside the JavaScript heap: a small nursery for short-lived
  // objects takes 30 MB off the peak (SmolLM2-135M, Node 20: 248 -> 214 MB) and nothing off the speed.
  const resourceLimits = { maxYoungGenerationSizeMb: 4 };
  const worker = new Worker(script, { name, workerData: name, execArgv: [], resourceLimits });
  let told = false;
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    onMessage: (listener) => void worker.on('message', listener),
    onDeath(listener) {
      let reason: Error | undefined;
      worker.on('error', (error) => (reason = asError(error)));
      worker.on(
        'exit',
        (code) => !told && listener(reason ?? new Error(`${name} worker exited with code ${code}`), false),
      );
    },
    async terminate() {
      told = true;
      await worker.terminate();
    },
    keepAlive: (alive) => (alive ? worker.ref() : worker.unref()),
  } satisfies WorkerHandle;
};

export const host: Platform['host'] = () => {
  const port = parentPort!;
  return {
    post: (message, transfer = []) => port.postMessage(message, [...transfer]),
    onMessage: (listener) => void port.on('message', listener),
  };
};

export const threadName: Platform['threadName'] = () => (typeof workerData === 'string' ? workerData : '');

export const findGpu: Platform['findGpu'] = async () => (await import('./node_gpu.ts')).findGpu();

export const runtimeName: Platform['runtimeName'] = () => {
  const { bun, deno, node } = process.versions;
  return bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
};

export const notes: Platform['notes'] = async () => (await import('./node_notes.ts')).notes;

export const readBeside: Platform['readBeside'] = async (file) => {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new ResourceError(`cannot read ${fileURLToPath(file)}; npm run build makes it`, { cause });
  });
  return new Uint8Array(bytes);
};

export const nCores: Platform['nCores'] = () => availableParallelism();

/** What programs may still take: in a container less than the machine has. */
export const deviceMemory: Platform['deviceMemory'] = async () => {
  const { availableMemory } = process as { availableMemory?: () => number };
  return { allowedBytes: Math.min(freemem(), availableMemory?.() ?? Infinity), said: 'free here' };
};

export const onHidden: Platform['onHidden'] = () => () => undefined;

export const tick: Platform['tick'] = () => new Promise((resolve) => setImmediate(resolve));

export const pathOf: Platform['pathOf'] = (url) => fileURLToPath(url);

export const openPath: Platform['openPath'] = async (path) => ({
  first: await openNodeFile(path),
  openSibling: openBeside(path),
});
