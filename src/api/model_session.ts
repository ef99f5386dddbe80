import type { Calls } from '../protocol/messages.ts';
import type { GenerateOptions, ResumeOptions } from '../protocol/generation.ts';
import { promptOf, type PromptLike } from './arguments.ts';
import { orAborted, type EngineClient } from './engine_client.ts';
import { generation, type Generation } from './generation.ts';

/** Options of one answer that stay in the caller's thread. */
export interface CallOptions extends Omit<GenerateOptions, 'stop'> {
  /** The answer ends before this text, or any of these, also when one spreads over several tokens. */
  readonly stop?: string | readonly string[];
  /** Stops within one token; the iteration then throws an `AbortError`. */
  readonly signal?: AbortSignal;
  /** Gets the number of prompt tokens read so far. */
  readonly onPrefill?: (nDone: number, nTotal: number) => void;
}

/** Options of an answer that goes on. */
export type ResumeCallOptions = Pick<CallOptions, keyof ResumeOptions | 'signal' | 'onPrefill'>;

/** One timeline: tokens read so far and their keys and values. A prompt reuses the start it shares with them. */
export class ModelSession {
  private readonly client: EngineClient;
  private opening: Promise<number> | undefined;

  /** Made by `model.openSession()`. Memory is taken at the first use. */
  constructor(client: EngineClient) {
    this.client = client;
  }

  /** Like `model.generate`, on this timeline. */
  generate(prompt: PromptLike, options: CallOptions = {}): Generation {
    return this.answer('generate', { prompt: promptOf(prompt) }, options);
  }

  /**
   * Goes on with the answer made last on this timeline, as it would have gone on: same settings, same seed, the sampler where it stood. It
   * may have been ended by `maxTokens`, a stop text, a loop or an abort, also before the timeline was saved and restored.
   * @throws (while iterating) TypeError where the model ended it, or there is none.
   */
  resume(options: ResumeCallOptions = {}): Generation {
    return this.answer('resume', {}, options);
  }

  private answer<K extends 'generate' | 'resume'>(
    call: K,
    what: Omit<Calls[K]['args'], 'session' | 'options'>,
    { signal, onPrefill, stop, ...rest }: CallOptions,
  ): Generation {
    const options = { ...rest, stop: typeof stop === 'string' ? [stop] : (stop ?? undefined) };
    return generation(
      async (onEvent, signal) => {
        const begin = (session: number) => {
          const args = { ...what, session, options } as Calls[K]['args'];
          const result = this.client.call(call, args, { onEvent, signal });
          result.catch(() => undefined); // nobody waits for it where the signal came first
          return { result };
        };
        return (await orAborted(this.id().then(begin), signal)).result;
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
