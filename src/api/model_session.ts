import type { Prompt } from '../protocol/open.ts';
import { bytesOf, promptOf, stopsOf, type PromptLike } from './arguments.ts';
import { asyncDispose } from './async_dispose.ts';
import { callSite, type CallSite } from './call_site.ts';
import { orAborted, type EngineClient } from './engine_client.ts';
import { generation, orFailed, type Generation } from './generation.ts';
import type { CallOptions } from './option_types.ts';
import { checkOptions } from './options.ts';

/** One timeline: tokens read so far and their keys and values. A prompt reuses the start it shares with them. */
export class ModelSession {
  private readonly client: EngineClient;
  private opening: Promise<number> | undefined;

  /** Made by `model.openSession()`. Memory is taken at the first use, unless `opening` names a session that is there already. */
  constructor(client: EngineClient, opening?: Promise<number>) {
    this.client = client;
    this.opening = opening;
  }

  /** Like `model.generate`, on this timeline. */
  generate(prompt: PromptLike, options: CallOptions = {}): Generation {
    return orFailed(() => {
      checkOptions('generate', options);
      return this.start(promptOf(prompt), options, callSite());
    });
  }

  /**
   * `generate` with arguments that are checked, for a call at `site`.
   * @internal
   */
  start(prompt: Prompt, { signal, onPrefill, stop, ...rest }: CallOptions, site: CallSite): Generation {
    const args = { prompt, options: { ...rest, stop: stopsOf(stop) } };
    return generation(
      async (onEvent, signal) => {
        const begin = (session: number) => {
          const result = this.client.call('generate', { session, ...args }, { onEvent, signal, site });
          result.catch(() => undefined); // nobody waits for it where the signal came first
          return { result };
        };
        return (await orAborted(this.id(site).then(begin), signal)).result;
      },
      { signals: signal ? [signal] : [], onPrefill },
    );
  }

  /** The timeline as bytes, to go on from later or elsewhere. */
  async save(): Promise<Uint8Array> {
    const site = callSite();
    return this.client.call('saveSession', { session: await this.id(site) }, { site });
  }

  /** Goes back to a saved timeline. @throws FormatError when the bytes are damaged or of another model. */
  async restore(saved: Uint8Array | ArrayBuffer): Promise<void> {
    const site = callSite();
    const bytes = bytesOf(saved);
    await this.client.call('restoreSession', { session: await this.id(site), bytes }, { site });
  }

  /** Returns the memory. The session can be used again and starts empty then. */
  async close(): Promise<void> {
    const site = callSite();
    const opening = this.opening;
    this.opening = undefined;
    const session = await opening?.catch(() => undefined); // one that never opened holds nothing
    if (session !== undefined) await this.client.call('closeSession', { session }, { site });
  }

  /** The same as `close`, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  private id(site: CallSite): Promise<number> {
    if (this.opening) return this.opening;
    const opening = this.client.call('openSession', {}, { site });
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) this.opening = undefined; // a later try may find memory
    });
    return opening;
  }
}
