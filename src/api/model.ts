import type { ModelInfo } from '../protocol/open.ts';
import { promptOf, type PromptLike } from './arguments.ts';
import { Chat, type ChatOptions } from './chat.ts';
import type { EngineClient } from './engine_client.ts';
import type { Generation } from './generation.ts';
import { ModelSession, type CallOptions } from './model_session.ts';

export interface ScoreOptions {
  /** Tokens before this one are only read. Default 0. */
  readonly firstRow?: number;
  readonly signal?: AbortSignal;
}

/** A way to go on: text, or tokens. */
export type Continuation = string | readonly number[];

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
   * @throws (while iterating) RangeError for a prompt longer than the context or bad options; AbortError.
   */
  generate(prompt: PromptLike, options: CallOptions = {}): Generation {
    this.session ??= new ModelSession(this.client);
    return this.session.generate(prompt, options);
  }

  /** A conversation with its own timeline; needs a chat template (see `info.noChat`). */
  chat(options: ChatOptions = {}): Chat {
    return new Chat(this.openSession(), options);
  }

  /** A timeline of its own: its cache is not disturbed by other calls, and can be saved. */
  openSession(): ModelSession {
    return new ModelSession(this.client);
  }

  /** The tokens of a prompt. `{ text, special, bos, eos }` says what may be added and parsed. */
  async tokenize(prompt: PromptLike): Promise<number[]> {
    return this.client.call('tokenize', { prompt: promptOf(prompt) });
  }

  /** The text of tokens; control tokens only with `special`. */
  detokenize(tokens: readonly number[], { special = false } = {}): Promise<string> {
    return this.client.call('detokenize', { tokens, special });
  }

  /**
   * The logits of every token of a prompt, handed over in order.
   * @param onRows gets `[n, nVocab]` floats at a time, n rows that follow those before.
   */
  async logits(prompt: PromptLike, onRows: (rows: Float32Array) => void, signal?: AbortSignal): Promise<void> {
    const tokens = await this.client.call('tokenize', { prompt: promptOf(prompt) }, { signal });
    await this.client.call('logits', { tokens }, { onEvent: onRows, signal });
  }

  /**
   * Log-probabilities (natural) of tokens given those before them, from an empty context: entry i is that of
   * `tokens[firstRow + i + 1]`.
   */
  score(tokens: readonly number[], options?: ScoreOptions): Promise<Float64Array>;
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
    { firstRow = 0, continuations, signal }: ScoreOptions & { readonly continuations?: readonly Continuation[] } = {},
  ): Promise<Float64Array | Float64Array[]> {
    const tokensOf = (prompt: PromptLike) => this.client.call('tokenize', { prompt: promptOf(prompt) }, { signal });
    const text = await tokensOf(given);
    if (!continuations) return this.client.call('score', { tokens: text, firstRow }, { signal });
    const each = continuations.map((one) => tokensOf(typeof one === 'string' ? { text: one } : one));
    return this.client.call('scoreContinuations', { text, continuations: await Promise.all(each) }, { signal });
  }

  /** Frees memory and threads at once; calls still open fail with a `TypeError`. Closing twice is fine. */
  close(): Promise<void> {
    this.closing ??= this.client.close(new TypeError('the model is closed; open it again'));
    return this.closing;
  }
}
