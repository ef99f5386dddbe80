import { checkOneOf, given } from '../base/checks.ts';
import { orAborted } from '../base/signals.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { ConversationPrompt, Prompt } from '../protocol/open.ts';
import { bytesOf, promptOf, stopsOf, type PromptLike } from './arguments.ts';
import { asyncDispose } from './async_dispose.ts';
import { callSite, type CallSite } from './call_site.ts';
import type { Calls } from '../protocol/messages.ts';
import type { Engine } from './engine.ts';
import type { EngineClient } from './engine_client.ts';
import type { AnswerPart } from '../chat/parts.ts';
import type { Thoughts } from '../chat/thoughts.ts';
import type { GenerateEvent, GenerateResult } from '../protocol/generation.ts';
import {
  generation,
  jsonOf,
  orFailed,
  tellingOf,
  valued,
  type Generation,
  type Sink,
  type Telling,
  type Valued,
} from './generation.ts';
import type { CallOptions, ResumeCallOptions, SaveSessionOptions, Schemed, Split, ValueOf } from './option_types.ts';
import { checkOptions } from './options.ts';
import { createPartReader } from './part_reader.ts';
import { onHidden } from '#platform';

/** One timeline: tokens read so far and their keys and values. A prompt reuses the start it shares with them. */
export class ModelSession {
  /**
   * The adapters that calls go with from now on, of those that the model was opened with: names, or `{ name, scale }`; undefined: those of
   * `openModel`, with their scales; an empty list: none. What was read with others is read again.
   */
  adapters: readonly AdapterUse[] | undefined;
  private readonly engine: Engine;
  private readonly thoughts: Thoughts | undefined;
  private readonly own: number | undefined;
  private opened: { readonly client: EngineClient; readonly session: Promise<number> } | undefined;
  /** What was saved of the answer under way, or restored: where the engine has died, another one takes that. */
  private kept: Uint8Array | Blob | undefined;

  /** Made by `model.openSession()`. Memory is taken at the first use, unless the engine has a session of the number `own` at any time. */
  constructor(
    engine: Engine,
    thoughts: Thoughts | undefined,
    adapters: readonly AdapterUse[] | undefined,
    own?: number,
  ) {
    this.engine = engine;
    this.thoughts = thoughts;
    this.adapters = adapters;
    this.own = own;
  }

  /** Like `model.generate`, on this timeline. */
  generate<T = never, S extends object | boolean = object | boolean>(
    prompt: PromptLike,
    options: CallOptions & Schemed<S> & Split,
  ): Generation<AnswerPart, Valued<ValueOf<S, T>>>;
  generate<T = never, S extends object | boolean = object | boolean>(
    prompt: PromptLike,
    options: CallOptions & Schemed<S>,
  ): Generation<string, Valued<ValueOf<S, T>>>;
  generate(prompt: PromptLike, options: CallOptions & Split): Generation<AnswerPart>;
  generate(prompt: PromptLike, options?: CallOptions): Generation;
  generate(prompt: PromptLike, options: CallOptions = {}): Generation<string | AnswerPart> {
    return orFailed<string | AnswerPart>(() => {
      checkOptions('generate', options);
      const { rest, asked } = partsOf(options, callSite());
      return this.start(promptOf(prompt), rest, asked);
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
      const { rest, asked } = partsOf(options, callSite());
      return this.goOn(undefined, rest, asked);
    });
  }

  /**
   * `generate` with arguments that are checked.
   * @internal
   */
  start<Piece>(prompt: Prompt, options: AnswerOptions, how: Asked<Piece>): Generation<Piece> {
    return this.answer('generate', { prompt }, options, how);
  }

  /**
   * `resume` with arguments that are checked. @param prompt the conversation that the answer belongs to, if some of it may be left out
   * @internal
   */
  goOn<Piece>(
    prompt: ConversationPrompt | undefined,
    options: AnswerOptions & Pick<ResumeCallOptions, 'whole'>,
    how: Asked<Piece>,
  ): Generation<Piece> {
    return this.answer('resume', { prompt }, options, how);
  }

  private answer<K extends 'generate' | 'resume', Piece>(
    call: K,
    what: { readonly prompt: Prompt | undefined },
    { stop, schema, ...rest }: AnswerOptions,
    { site, telling, signal, onPrefill, onLogProbs, saving, adapters = this.adapters }: Asked<Piece>,
  ): Generation<Piece> {
    const plain = { ...given(rest), ...(stop !== undefined && { stop: stopsOf(stop) }) };
    const ask = async (sink: Sink, signal: AbortSignal): Promise<GenerateResult> => {
      const options = schema === undefined || schema === null ? plain : { ...plain, schema: await jsonOf(schema) };
      const reader = await createPartReader(this.thoughts, sink);
      let isThere = false;
      const onEvent = (event: GenerateEvent) => {
        isThere = true;
        if (event.type !== 'saved') return reader.event(event);
        this.kept = event.bytes.slice();
        saving?.onSave(event.bytes);
      };
      const begin = ({ client, session }: Place) => {
        if (call === 'generate') this.kept = undefined;
        const how = { adapters, session, options, saving: saving && { note: saving.note } };
        const result = client.call(call, { ...what, ...how } as Calls[K]['args'], { onEvent, signal, site });
        result.catch(() => undefined); // nobody waits for it where the signal came first
        return { result };
      };
      const unwatch = onHidden(() => {
        if (saving && isThere) this.saved({ state: false }, saving.note, site).then(saving.onSave, () => undefined);
      });
      try {
        const result = await reader.end(await (await orAborted(this.place(site).then(begin), signal)).result);
        return result;
      } finally {
        unwatch();
      }
    };
    return generation(ask, { telling, signals: signal ? [signal] : [], onPrefill, onLogProbs });
  }

  /** The timeline as bytes, to go on from later or elsewhere. */
  async save(options: SaveSessionOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkOptions('save', options);
    return this.saved(options, undefined, callSite());
  }

  /**
   * `save` with a note that `restored` gives back.
   * @internal
   */
  async saved({ state = true }: SaveSessionOptions, note: string | undefined, site: CallSite) {
    checkOneOf('state', state, [true, false, 'auto']);
    const { adapters } = this;
    const { client, session } = await this.place(site);
    return client.call('saveSession', { session, state, note, adapters }, { site });
  }

  /** Goes back to a saved timeline. A Blob is read in the engine's thread. @throws FormatError when the bytes are damaged or of another model. */
  async restore(saved: Uint8Array | ArrayBuffer | Blob): Promise<void> {
    await this.restored(saved, callSite());
  }

  /**
   * `restore`, and the note beside what was saved.
   * @internal
   */
  async restored(saved: Uint8Array | ArrayBuffer | Blob, site: CallSite): Promise<string | undefined> {
    const bytes = await bytesOf(saved);
    const { adapters } = this;
    const { client, session } = await this.place(site);
    const note = await client.call('restoreSession', { session, bytes, adapters }, { site });
    this.kept = bytes;
    return note;
  }

  /** Returns the memory. The session can be used again and starts empty then. */
  async close(): Promise<void> {
    const site = callSite();
    const { opened } = this;
    this.opened = this.kept = undefined;
    const session = await opened?.session.catch(() => undefined); // one that never opened holds nothing
    if (session === undefined || opened!.client.isDead) return;
    await opened!.client.call('closeSession', { session }, { site });
  }

  /** The same as `close`, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Whether the engine has it.
   * @internal
   */
  get isOpen(): boolean {
    return this.opened !== undefined && !this.opened.client.isDead;
  }

  /**
   * Whether the engine has it, or can have it again.
   * @internal
   */
  get isThere(): boolean {
    return this.isOpen || this.kept !== undefined;
  }

  /** The thread that has the session: where it has died, another one, with what was saved last. */
  private async place(site: CallSite): Promise<Place> {
    const client = await this.engine.living();
    if (this.own !== undefined) return { client, session: this.own };
    if (this.opened?.client !== client) {
      const session = this.openIn(client, site);
      this.opened = { client, session };
      session.catch(() => {
        if (this.opened?.session === session) this.opened = undefined; // a later try may find memory
      });
    }
    return { client, session: await this.opened.session };
  }

  private async openIn(client: EngineClient, site: CallSite): Promise<number> {
    const { kept: bytes, adapters } = this;
    const session = await client.call('openSession', {}, { site });
    try {
      if (bytes) await client.call('restoreSession', { session, bytes, adapters }, { site });
    } catch (error) {
      await client.call('closeSession', { session }, { site }).catch(() => undefined); // its place is for the next try
      throw error;
    }
    return session;
  }
}

/** Where a session is: it never moves, and ends with its thread. */
interface Place {
  readonly client: EngineClient;
  readonly session: number;
}

/** Options that cross to the engine. */
export type AnswerOptions = Omit<CallOptions, 'signal' | 'onPrefill' | 'onLogProbs' | 'onSave' | 'thinking'>;

/** Where an answer was asked for, how it is told, and what stays in the caller's thread. */
export interface Asked<Piece> extends Pick<CallOptions, 'signal' | 'onPrefill' | 'onLogProbs'> {
  readonly site: CallSite;
  readonly telling: Telling<Piece>;
  /** Whom to give what the answer can go on from, and what stands beside it; without a note it is given once more at the end. */
  readonly saving:
    { readonly note: string | undefined; readonly onSave: NonNullable<CallOptions['onSave']> } | undefined;
  /** Where they are not the session's. */
  readonly adapters?: readonly AdapterUse[] | undefined;
}

function partsOf<Options extends CallOptions>(
  { signal, onPrefill, onLogProbs, onSave, thinking, ...rest }: Options,
  site: CallSite,
) {
  const saving = onSave && { note: undefined, onSave };
  const telling = valued(tellingOf(thinking), rest.schema);
  return { rest, asked: { site, telling, signal, onPrefill, onLogProbs, saving } };
}
