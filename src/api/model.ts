import type { AnswerPart } from '../chat/parts.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { ModelInfo } from '../protocol/open.ts';
import { kindOf, tokensOf } from '../base/checks.ts';
import type { ColumnSums } from '../base/column_sums.ts';
import { OWN_SESSION } from '../protocol/messages.ts';
import { continuationsOf, promptOf, type PromptLike } from './arguments.ts';
import { asyncDispose } from './async_dispose.ts';
import { callSite } from './call_site.ts';
import { Chat } from './chat.ts';
import type { Engine } from './engine.ts';
import type { Generation, Valued } from './generation.ts';
import { ModelSession } from './model_session.ts';
import type {
  CallOptions,
  ChatOptions,
  ColumnSumsOptions,
  Continuation,
  EmbedOptions,
  Ranked,
  RankOptions,
  Schemed,
  ScoreOptions,
  Split,
  ValueOf,
} from './option_types.ts';
import { checkOptions } from './options.ts';

/**
 * An opened model. Its work happens in another thread; every method returns at once. A mistake in the arguments rejects the promise or the
 * answer that a call returns; calls that return something else, `chat` and `openSession`, throw it.
 */
export class Model {
  /** As the model was opened first: should it have to be opened again, another backend may take its place (see `backend: 'auto'`). */
  readonly info: ModelInfo;
  private readonly engine: Engine;
  private readonly session: ModelSession;
  private closing: Promise<void> | undefined;
  private handling: Promise<(input: Request | URL | string, init?: RequestInit) => Promise<Response>> | undefined;

  /** Made by `openModel`. */
  constructor(engine: Engine, info: ModelInfo) {
    this.engine = engine;
    this.info = info;
    this.session = new ModelSession(engine, info.thoughts, undefined, OWN_SESSION);
  }

  /**
   * The adapters of `generate`, `logits`, `score`, `embed`, and of chats and sessions made from now on; see `ModelSession.adapters`.
   */
  get adapters(): readonly AdapterUse[] | undefined {
    return this.session.adapters;
  }

  set adapters(uses: readonly AdapterUse[] | undefined) {
    this.session.adapters = uses;
  }

  /**
   * Goes on from a prompt. Calls reuse what they share with those before, and with chats and sessions; several at a time run together, as
   * many as the model has places for sessions (`maxSessions`), and others wait. Where a chat or session finds no room, what was read for
   * these calls is given up, and read again at the next one.
   * @throws (while iterating, or awaiting) RangeError for a prompt longer than the context or bad options; AbortError.
   */
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
  generate(prompt: PromptLike, options?: CallOptions): Generation<string | AnswerPart> {
    return this.session.generate(prompt, options);
  }

  /** A conversation with its own timeline; needs a chat template (see `info.noChat`). @throws TypeError for bad options. */
  chat(options: ChatOptions = {}): Chat {
    return new Chat(this.openSession(), options);
  }

  /** A timeline of its own: its cache is not disturbed by other calls, and can be saved. */
  openSession(options: Readonly<Record<string, never>> = {}): ModelSession {
    checkOptions('openSession', options);
    return new ModelSession(this.engine, this.info.thoughts, this.adapters);
  }

  /** The tokens of a prompt. `{ text, special, bos, eos }` says what may be added and parsed. */
  async tokenize(prompt: PromptLike, options: Readonly<Record<string, never>> = {}): Promise<number[]> {
    checkOptions('tokenize', options);
    return this.engine.call('tokenize', { prompt: promptOf(prompt) });
  }

  /** The text of tokens; control tokens only with `special`. */
  async detokenize(tokens: ArrayLike<number>, options: { readonly special?: boolean } = {}): Promise<string> {
    checkOptions('detokenize', options);
    const { special = false } = options;
    return this.engine.call('detokenize', { tokens: tokensOf(tokens), special });
  }

  /** The bytes of each token: text in UTF-8, not always whole characters. */
  async tokenBytes(tokens: ArrayLike<number>): Promise<Uint8Array[]> {
    return this.engine.call('tokenBytes', { tokens: tokensOf(tokens) });
  }

  /**
   * The logits of every token of a prompt, handed over in order.
   * @param onRows gets `[n, nVocab]` floats at a time, n rows that follow those before.
   */
  async logits(
    prompt: PromptLike,
    onRows: (rows: Float32Array) => void,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const site = callSite();
    checkOptions('logits', options);
    if (typeof onRows !== 'function')
      throw new TypeError(`onRows is ${kindOf(onRows)}, expected a function that gets rows`);
    const { signal } = options;
    const { adapters } = this;
    const tokens = await this.engine.call('tokenize', { prompt: promptOf(prompt) }, { signal, site });
    await this.engine.call('logits', { tokens, adapters }, { onEvent: onRows, signal, site });
  }

  /**
   * Log-probabilities (natural) of tokens given those before them, from an empty context: entry i is that of
   * `tokens[firstRow + i + 1]`.
   */
  score(tokens: ArrayLike<number>, options?: ScoreOptions): Promise<Float64Array>;
  /**
   * Log-probabilities of several ways in which one text may go on, for choosing among them: one array per continuation, with an entry for
   * each of its tokens. The text is read once. A continuation that is text is tokenised on its own, so begin it with the space that
   * separates it.
   */
  score(
    text: PromptLike,
    options: ScoreOptions & { readonly continuations: readonly Continuation[] },
  ): Promise<Float64Array[]>;
  async score(
    given: PromptLike,
    options: ScoreOptions & { readonly continuations?: readonly Continuation[] } = {},
  ): Promise<Float64Array | Float64Array[]> {
    const site = callSite();
    checkOptions('score', options);
    const { firstRow = 0, continuations, signal } = options;
    const tokenize = (prompt: PromptLike) =>
      this.engine.call('tokenize', { prompt: promptOf(prompt) }, { signal, site });
    const ways = continuations && continuationsOf(continuations);
    const { adapters } = this;
    const text = await tokenize(given);
    if (!ways) return this.engine.call('score', { tokens: text, firstRow, adapters }, { signal, site });
    const each = await Promise.all(ways.map(tokenize));
    return this.engine.call('scoreContinuations', { text, continuations: each, adapters }, { signal, site });
  }

  /**
   * What an importance matrix is made of: for each matrix of the model's layers, the sums of the squares of what its columns are multiplied
   * with, over texts that are read one after the other, each from an empty context. `writeImportance` of `thimble/gguf` takes them.
   */
  async columnSums(texts: readonly ArrayLike<number>[], options: ColumnSumsOptions = {}): Promise<ColumnSums[]> {
    const site = callSite();
    checkOptions('columnSums', options);
    const { onTokens, signal } = options;
    return this.engine.call('columnSums', { texts: texts.map(tokensOf) }, { onEvent: onTokens, signal, site });
  }

  /**
   * What a text means, as a row of numbers: of two rows, the product (a cosine) is the larger the more alike the texts are. For models whose
   * `info.embeds` is true. Many were trained with a prefix that says what a text is for: `task` puts it there.
   * @throws RangeError for a text that is empty or longer than the context, and for a task that the model's card does not name.
   */
  embed(text: string, options?: EmbedOptions): Promise<Float32Array>;
  /** The same for several texts, or their tokens. Short ones are read together, as fast as one long one. */
  embed(texts: readonly (string | ArrayLike<number>)[], options?: EmbedOptions): Promise<Float32Array[]>;
  async embed(
    texts: string | readonly (string | ArrayLike<number>)[],
    options: EmbedOptions = {},
  ): Promise<Float32Array | Float32Array[]> {
    const site = callSite();
    checkOptions('embed', options);
    const { embedTexts } = await import('./embeddings.ts');
    const rows = await embedTexts(typeof texts === 'string' ? [texts] : texts, options, {
      engine: this.engine,
      adapters: this.adapters,
      dim: this.info.dim,
      site,
    });
    return typeof texts === 'string' ? rows[0]! : rows;
  }

  /** The tasks that `embed` knows of this model, by the prefixes on its card; none where the model is not known here. */
  tasks(): Promise<string[]> {
    return this.engine.call('tasks', {});
  }

  /**
   * Documents by how well they answer a query, the best first: by what a reranker says of both (`info.ranks`), or by the cosine of an embedding
   * model's rows, which are made with the prefixes of its card.
   */
  async rank(query: string, documents: readonly string[], options: RankOptions = {}): Promise<Ranked[]> {
    const site = callSite();
    checkOptions('rank', options);
    const { rankDocuments } = await import('./embeddings.ts');
    return rankDocuments({ query, documents }, options, { engine: this.engine, adapters: this.adapters, site });
  }

  /**
   * The APIs of OpenAI and Ollama over this model, where programs take a `fetch`; nothing leaves the device. It may be called by itself.
   *
   *     new OpenAI({ fetch: model.fetch, baseURL: 'http://thimble/v1', apiKey: 'none' })
   *
   * Of an address the path counts; whatever model a request names is this one. Answers are made on sessions of their own, all but one of
   * `maxSessions` at most, which give their memory back when nothing was asked for a minute.
   */
  readonly fetch = async (input: Request | URL | string, init?: RequestInit): Promise<Response> => {
    this.handling ??= import('../server/model_fetch.ts').then(({ modelFetch }) => modelFetch(this));
    return (await this.handling)(input, init);
  };

  /** Frees memory and threads at once; calls still open fail with a `TypeError`. Closing twice is fine. */
  close(): Promise<void> {
    this.closing ??= this.engine.close(new TypeError('the model is closed; open it again'));
    return this.closing;
  }

  /** The same as `close`, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }
}
