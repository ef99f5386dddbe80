import { checkNames } from '../base/checks.ts';
import type { LoadProgress, OpenOptions } from '../protocol/open.ts';
import type { ModelSource } from '../platform/platform.ts';
import { EngineClient } from './engine_client.ts';
import { Model } from './model.ts';
import { spawn } from '#platform';

export interface OpenModelOptions extends OpenOptions {
  /** A smaller model of the same vocabulary, opened with the same options. `speculate: 'draft'` asks it for guesses. */
  readonly draft?: ModelSource;
  /** Gets the bytes of weights loaded so far. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Stops opening; the promise rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
}

const optionNames = {
  nCtx: true,
  kvType: true,
  activations: true,
  backend: true,
  threads: true,
  build: true,
  maxSessions: true,
  maxLogits: true,
  draft: true,
  onProgress: true,
  signal: true,
} satisfies Record<keyof OpenModelOptions, true>;

/**
 * Opens a GGUF model in a thread of its own.
 *
 *     const model = await openModel('models/smollm2-135m-instruct-q4_1-00001-of-00003.gguf');
 *     for await (const piece of model.generate('Once upon a time')) process.stdout.write(piece);
 *     await model.close();
 *
 * @param source a path in Node (the first shard opens all), a Blob or File, or all shards as Files.
 * @throws FormatError for damaged files, UnsupportedError for what this build cannot run, ResourceError when the file, the
 *   memory or a thread cannot be had, RangeError for options out of range, AbortError on `signal`.
 */
export async function openModel(source: ModelSource, options: OpenModelOptions = {}): Promise<Model> {
  checkNames('option of openModel', options, Object.keys(optionNames));
  const { draft, onProgress, signal, ...rest } = options;
  signal?.throwIfAborted();
  const client = new EngineClient(spawn(new URL('./engine.js', import.meta.url), 'thimble engine'));
  try {
    const info = await client.call('open', { source, draft, options: rest }, { onEvent: onProgress, signal });
    return new Model(client, info);
  } catch (error) {
    await client.terminate(new Error('the model was never opened'));
    throw error;
  }
}
