import type { GpuObject } from '../platform/gpu.ts';
import type { ModelSource } from '../platform/platform.ts';
import type { StoredSource } from '../store/types.ts';
import { callSite } from './call_site.ts';
import { Engine } from './engine.ts';
import { Model } from './model.ts';
import type { OpenModelOptions } from './option_types.ts';
import { checkOptions } from './options.ts';
import { sourceOf } from './sources.ts';
import { startEngine } from './start_engine.ts';

/**
 * Opens a GGUF model in a thread of its own. Should that thread die, the calls that wait for it fail with the reason, and the next call opens the
 * model again, from the same source (what came as a stream is kept for that).
 *
 *     const model = await openModel('models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf');
 *     for await (const piece of model.generate('Once upon a time')) process.stdout.write(piece);
 *     await model.close();
 *
 * @param source a path or `file:` URL in Node (the first shard opens all), a Blob or File, bytes, a Response or a stream (both are read
 *   into memory first, up to 4 GiB), or a list of such, one for each shard; or a model of the store: `{ hf: 'org/repo/file.gguf' }`,
 *   `{ url }`, which are downloaded where they are not there yet, `{ store: name }`.
 * @throws FormatError for damaged files, UnsupportedError for what this build cannot run, ResourceError when the file, the
 *   memory or a thread cannot be had, RangeError for options out of range, AbortError on `signal`.
 */
export async function openModel(source: ModelSource | StoredSource, options: OpenModelOptions = {}): Promise<Model> {
  const site = callSite();
  checkOptions('openModel', options);
  const { draft, adapters, gpu, onProgress, onDownload, signal, ...rest } = options;
  signal?.throwIfAborted();
  const { backend = gpu ? 'auto' : undefined } = options;
  if (gpu && backend !== 'webgpu' && backend !== 'auto')
    throw new TypeError(`gpu is of no use to backend '${backend}'; leave it out, or choose another one, as 'auto'`);
  const receiving = { onDownload, signal };
  const args = {
    source: await sourceOf(source, receiving),
    draft: draft === undefined ? undefined : await sourceOf(draft, receiving),
    adapters: adapters?.length
      ? await (await import('./adapter_sources.ts')).plainAdapters(adapters, receiving)
      : undefined,
    options: { ...rest, backend },
  };
  const open = (signal?: AbortSignal) =>
    startEngine(async (client, files) => {
      const info = await client.call('open', { ...args, files }, { onEvent: onProgress, signal, site });
      return { client, info };
    }, foreign(gpu));
  const { client, info } = await open(signal);
  return new Model(new Engine(client, async () => (await open()).client), info);
}

/** A GPU object that the engine's own thread does not have. */
const foreign = (gpu: GpuObject | undefined): GpuObject | undefined =>
  gpu === (globalThis.navigator as { gpu?: GpuObject } | undefined)?.gpu ? undefined : gpu;
