import { given } from '../base/checks.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { Prompt } from '../protocol/open.ts';
import { bytesOf, promptOf, stopsOf, type PromptLike } from './arguments.ts';
import { asyncDispose } from './async_dispose.ts';
import { callSite, type CallSite } from './call_site.ts';
import type { Calls } from '../protocol/messages.ts';
import { orAborted, type EngineClient } from './engine_client.ts';
import type { AnswerPart } from '../chat/parts.ts';
import type { Thoughts } from '../chat/thoughts.ts';
import type { GenerateResult } from '../protocol/generation.ts';
import { generation, orFailed, tellingOf, type Generation, type Sink, type Telling } from './generation.ts';
import type { CallOptions, ResumeCallOptions, Split } from './option_types.ts';
import { checkOptions } from './options.ts';
import { createPartReader } from './part_reader.ts';

/** One timeline: tokens read so far and their keys and values. A prompt reuses the start it shares with them. */
export class ModelSession {
  /**
   * The adapters that calls go with from now on, of those that the model was opened with: names, or `{ name, scale }`; undefined: those of
   * `openModel`, with their scales; an empty list: none. What was read with others is read again.
   */
  adapters: readonly AdapterUse[] | undefined;
  private readonly client: EngineClient;
  private readonly thoughts: Thoughts | undefined;
  private opening: Promise<number> | undefined;

  /** Made by `model.openSession()`. Memory is taken at the first use, unless `opening` names a session that is there already. */
  constructor(
    client: EngineClient,
    thoughts: Thoughts | undefined,
    adapters: readonly AdapterUse[] | undefined,
    opening?: Promise<number>,
  ) {
    this.client = client;
    this.thoughts = thoughts;
    this.adapters = adapters;
    this.opening = opening;
  }

  /** Like `model.generate`, on this timeline. */
  generate(prompt: PromptLike, options: CallOptions & Split): Generation<AnswerPart>;
  generate(prompt: PromptLike, options?: CallOptions): Generation;
  generate(prompt: PromptLike, options: CallOptions = {}): Generation<string | AnswerPart> {
    return orFailed<string | AnswerPart>(() => {
      checkOptions('generate', options);
      return this.start(promptOf(prompt), options, { site: callSite(), telling: tellingOf(options.thinking) });
    });
  }

  /**
   * Goes on with the answer made last on this timeline, as it would have gone on: same settings, same seed, the sampler where it stood. It
   * may have been ended by `maxTokens`, a stop text, a loop or an abort, also before the timeline was saved and restored.
   * @throws (while iterating) TypeError where the model ended it, or there is none.
   */
  resume(options: ResumeCallOptions & Split): Generation<AnswerPart>;
  resume(options?: ResumeCallOptions): Generation;
  resume(options: ResumeCallOptions = {}): Generation<string | AnswerPart> {
    return orFailed<string | AnswerPart>(() => {
      checkOptions('resume', options);
      return this.answer('resume', { adapters: this.adapters }, options, {
        site: callSite(),
        telling: tellingOf(options.thinking),
      });
    });
  }

  /**
   * `generate` with arguments that are checked.
   * @internal
   */
  start<Piece>(
    prompt: Prompt,
    options: CallOptions,
    { adapters = this.adapters, ...how }: Asked<Piece>,
  ): Generation<Piece> {
    return this.answer('generate', { prompt, adapters }, options, how);
  }

  private answer<K extends 'generate' | 'resume', Piece>(
    call: K,
    what: Omit<Calls[K]['args'], 'session' | 'options'>,
    { signal, onPrefill, stop, thinking: _thinking, ...rest }: CallOptions,
    { site, telling }: Asked<Piece>,
  ): Generation<Piece> {
    const options = { ...given(rest), stop: stopsOf(stop) };
    const ask = async (sink: Sink, signal: AbortSignal): Promise<GenerateResult> => {
      const reader = await createPartReader(this.thoughts, sink);
      const begin = (session: number) => {
        const args = { ...what, session, options } as Calls[K]['args'];
        const result = this.client.call(call, args, { onEvent: reader.event, signal, site });
        result.catch(() => undefined); // nobody waits for it where the signal came first
        return { result };
      };
      const result = await (await orAborted(this.id(site).then(begin), signal)).result;
      reader.end();
      return result;
    };
    return generation(ask, { telling, signals: signal ? [signal] : [], onPrefill });
  }

  /** The timeline as bytes, to go on from later or elsewhere. */
  async save(): Promise<Uint8Array> {
    const site = callSite();
    const { adapters } = this;
    return this.client.call('saveSession', { session: await this.id(site), adapters }, { site });
  }

  /** Goes back to a saved timeline. @throws FormatError when the bytes are damaged or of another model. */
  async restore(saved: Uint8Array | ArrayBuffer): Promise<void> {
    const site = callSite();
    const bytes = bytesOf(saved);
    const { adapters } = this;
    await this.client.call('restoreSession', { session: await this.id(site), bytes, adapters }, { site });
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

/** Where an answer was asked for, and how it is told. */
interface Asked<Piece> {
  readonly site: CallSite;
  readonly telling: Telling<Piece>;
  /** Where they are not the session's. */
  readonly adapters?: readonly AdapterUse[] | undefined;
}
