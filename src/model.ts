import { Chat, type ChatOptions } from './conversation.ts';
import type { GenerateOptions } from './generation.ts';
import { generation, type Generation } from './generation_stream.ts';
import type { LoadProgress, ModelInfo, OpenOptions, Prompt } from './open_model.ts';
import type { ModelSource } from './platform/platform.ts';
import { EngineClient } from './worker/client.ts';
import { spawn } from '#platform';

export interface OpenModelOptions extends OpenOptions {
  /** A smaller model of the same vocabulary, opened with the same options: what `speculate: 'draft'` asks for guesses. */
  readonly draft?: ModelSource;
  /** Told the bytes of weights brought in so far. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Stops opening; the promise rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
}

/** What a caller may add to the options of one answer. */
export interface CallOptions extends GenerateOptions {
  /** Stops within one token; the iteration then throws an `AbortError`. */
  readonly signal?: AbortSignal;
  /** Told how many prompt tokens have been read. */
  readonly onPrefill?: (nDone: number, nTotal: number) => void;
}

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

/** An opened model. Its work happens in another thread; every method returns at once. */
export class Model {
  readonly info: ModelInfo;
  private readonly client: EngineClient;
  private session: ModelSession | undefined;
  private closing: Promise<void> | undefined;

  /** Made by `openModel`. */
  constructor(client: EngineClient, info: ModelInfo) {
    this.client = client;
    this.info = info;
  }

  /**
   * Goes on from a prompt. Calls reuse what they share with the call before; two at a time run one after the other.
   * @throws (while iterating) RangeError for a prompt longer than the context, a full context or bad options; AbortError.
   */
  generate(prompt: Prompt, options: CallOptions = {}): Generation {
    this.session ??= new ModelSession(this.client);
    return this.session.generate(prompt, options);
  }

  /** A conversation with its own timeline; needs a chat template (see `info.noChat`). */
  chat(options: ChatOptions = {}): Chat {
    return new Chat(this, options);
  }

  /** A timeline of its own: its cache is not disturbed by other calls, and can be saved. */
  openSession(): ModelSession {
    return new ModelSession(this.client);
  }

  /** The tokens of a prompt. `{ text, special, bos, eos }` says what may be added and parsed. */
  tokenize(prompt: Prompt): Promise<number[]> {
    return this.client.call('tokenize', { prompt });
  }

  /** The text of tokens; control tokens only with `special`. */
  detokenize(tokens: readonly number[], { special = false } = {}): Promise<string> {
    return this.client.call('detokenize', { tokens, special });
  }

  /**
   * The logits of every token of a prompt, handed over in order.
   * @param onRows gets `[n, nVocab]` floats at a time, n rows that follow those before.
   */
  async logits(prompt: Prompt, onRows: (rows: Float32Array) => void, signal?: AbortSignal): Promise<void> {
    const tokens = await this.tokenize(prompt);
    await this.client.call('logits', { tokens }, { onEvent: onRows, signal });
  }

  /**
   * Log-probabilities (natural) of tokens given those before them, from an empty context: entry i is that of
   * `tokens[firstRow + i + 1]`.
   */
  score(tokens: readonly number[], { firstRow = 0, signal }: { firstRow?: number; signal?: AbortSignal } = {}) {
    return this.client.call('score', { tokens, firstRow }, { signal });
  }

  /** Frees memory and threads; calls still open fail. Closing twice is fine. */
  close(): Promise<void> {
    this.closing ??= this.client
      .call('close', {})
      .catch(() => undefined)
      .then(() => this.client.terminate(new TypeError('the model is closed; open it again')));
    return this.closing;
  }
}

/** One timeline: tokens read so far and their keys and values. A prompt reuses the start it shares with them. */
export class ModelSession {
  private readonly client: EngineClient;
  private opening: Promise<number> | undefined;

  /** Made by `model.openSession()`. Memory is taken at the first use. */
  constructor(client: EngineClient) {
    this.client = client;
  }

  /** Like `model.generate`, on this timeline. */
  generate(prompt: Prompt, options: CallOptions = {}): Generation {
    const { signal, onPrefill, ...rest } = options;
    return generation(
      async (onEvent, signal) => {
        const session = await this.id();
        return this.client.call('generate', { session, prompt, options: rest }, { onEvent, signal });
      },
      { signal, onPrefill },
    );
  }

  /** The timeline as bytes, to go on from later or elsewhere. */
  async save(): Promise<Uint8Array> {
    return this.client.call('saveSession', { session: await this.id() });
  }

  /** Goes back to a saved timeline. @throws FormatError when the bytes are damaged or of another model. */
  async restore(bytes: Uint8Array): Promise<void> {
    await this.client.call('restoreSession', { session: await this.id(), bytes });
  }

  /** Returns the memory. The session can be used again and starts empty then. */
  async close(): Promise<void> {
    const opening = this.opening;
    this.opening = undefined;
    if (opening) await this.client.call('closeSession', { session: await opening });
  }

  private id(): Promise<number> {
    this.opening ??= this.client.call('openSession', {}).catch((error: unknown) => {
      this.opening = undefined; // a later try may find memory
      throw error;
    });
    return this.opening;
  }
}
