import { kindOf } from '../base/checks.ts';
import { orAborted } from '../base/signals.ts';
import type { ChatMessage, ToolDefinition } from '../chat/conversation.ts';
import { nLeading } from '../chat/instructions.ts';
import type { AnswerPart } from '../chat/parts.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { GenerateResult } from '../protocol/generation.ts';
import { conversationOf, messageOf, messagesOf, stopsOf } from './arguments.ts';
import { asyncDispose } from './async_dispose.ts';
import { callSite, type CallSite } from './call_site.ts';
import type { Asking, Talk } from './talk.ts';
import {
  generation,
  orFailed,
  tellingOf,
  valued,
  type Generation,
  type Sink,
  type Telling,
  type Valued,
} from './generation.ts';
import type { ModelSession } from './model_session.ts';
import type {
  ChatOptions,
  ResumeChatOptions,
  SaveSessionOptions,
  Schemed,
  SendOptions,
  Split,
  ToolSet,
  ValueOf,
} from './option_types.ts';
import { checkOptions } from './options.ts';

/** How a conversation's answers are made and saved is loaded with the first. */
const answering = () => import('./chat_answer.ts');

/**
 * A conversation. It remembers the messages, and reads only the new ones at each turn. Options of the chat hold for every
 * answer, unless `send` gets others. A user's text can never become a control token. What the model thought is kept beside what it answered,
 * as `reasoningContent`; its template decides what it sees of that later.
 *
 * With `onFull: 'shift'` it may grow beyond the context: the oldest exchanges are then no longer sent, system messages always are.
 */
export class Chat {
  /** The messages so far, the system message included. */
  readonly messages: ChatMessage[];
  private readonly defaults: SendOptions;
  private readonly talk: Talk;
  private closing = new AbortController();
  /** Of the latest question. */
  private rounds: Pick<SendOptions, 'tools' | 'maxRounds'> = {};
  /** Settles when the question asked last has its answer: the next one waits for it. */
  private latest: Promise<unknown> = Promise.resolve();

  /** Made by `model.chat()`. */
  constructor(session: ModelSession, options: ChatOptions) {
    checkOptions('chat', options);
    const { system, messages = [], tools: given, documents, userDefined, ...others } = options;
    const runs = typeof given === 'object' && !Array.isArray(given); // they come with each question
    const tools = runs ? undefined : (given as readonly ToolDefinition[] | undefined);
    const defaults: SendOptions = runs ? { ...others, tools: given as ToolSet } : others;
    if (system !== undefined && typeof system !== 'string')
      throw new TypeError(`system is ${kindOf(system)}, expected a text`);
    stopsOf(defaults.stop);
    const said = Array.isArray(messages) && messages.length === 0 ? [] : messagesOf(messages);
    const { templateVars } = defaults;
    conversationOf({ messages: said, tools, documents, userDefined, templateVars });
    this.defaults = defaults;
    this.messages = [...(system === undefined ? [] : [{ role: 'system', content: system } as const]), ...said];
    const { messages: talked } = this;
    const context = { tools, documents, userDefined };
    this.talk = { session, messages: talked, context, nLeftOut: 0, nClears: 0, isAnswering: false, begun: undefined };
  }

  /** The adapters that answers are made with from now on; see `ModelSession.adapters`. */
  get adapters(): readonly AdapterUse[] | undefined {
    return this.talk.session.adapters;
  }

  set adapters(uses: readonly AdapterUse[] | undefined) {
    this.talk.session.adapters = uses;
  }

  /** So many of the oldest messages are no longer sent, because the context has no room for them. */
  get nForgotten(): number {
    return this.talk.nLeftOut;
  }

  /** The question whose answer `resume` goes on with; undefined where none can. */
  get unfinished(): ChatMessage | undefined {
    return this.talk.begun?.question;
  }

  /**
   * Says something and streams the answer. A question asked before the last one is answered waits for that. An answer that is stopped
   * early stays in `messages` as far as it came; one that failed, or of which nothing was heard before it was stopped, leaves no trace.
   */
  send<T = never, S extends object | boolean = object | boolean>(
    message: string | ChatMessage,
    options: SendOptions & Schemed<S> & Split,
  ): Generation<AnswerPart, Valued<ValueOf<S, T>>>;
  send<T = never, S extends object | boolean = object | boolean>(
    message: string | ChatMessage,
    options: SendOptions & Schemed<S>,
  ): Generation<string, Valued<ValueOf<S, T>>>;
  send(message: string | ChatMessage, options: SendOptions & Split): Generation<AnswerPart>;
  send(message: string | ChatMessage, options?: SendOptions): Generation;
  send(message: string | ChatMessage, options: SendOptions = {}): Generation<string | AnswerPart> {
    return orFailed<string | AnswerPart>(() => {
      checkOptions('send', options);
      stopsOf(options.stop);
      const question = questionOf(message);
      conversationOf({ messages: [question], templateVars: options.templateVars });
      const telling: Telling<string | AnswerPart> = valued(tellingOf(options.thinking), options.schema);
      const { adapters } = this;
      const all = { ...this.defaults, ...options };
      this.rounds = roundsOf(all);
      return this.inTurn(all, telling, callSite(), ({ ask }, asking) => ask(this.talk, { question, adapters }, asking));
    });
  }

  /**
   * Goes on with the answer that was stopped, or that was lost with its page or with the engine, to the same text that it would have come to.
   * All of it comes once more, what was said before as one piece. It is made with the options that it was begun with, but for those given.
   * Tools that it calls are run as `send` runs them: those of the latest question, or those given, which a restored chat needs.
   * @throws (while iterating, or awaiting) TypeError where there is none; see `unfinished`.
   */
  resume(options: ResumeChatOptions & Split): Generation<AnswerPart>;
  resume(options?: ResumeChatOptions): Generation;
  resume(options: ResumeChatOptions = {}): Generation<string | AnswerPart> {
    return orFailed<string | AnswerPart>(() => {
      checkOptions('chat.resume', options);
      stopsOf(options.stop);
      const { onPrefill, onLogProbs, onSave } = this.defaults;
      const telling: Telling<string | AnswerPart> = tellingOf(options.thinking);
      const all = { onPrefill, onLogProbs, onSave, ...roundsOf(this.defaults), ...this.rounds, ...options };
      return this.inTurn(all, telling, callSite(), ({ goOn }, asking) => goOn(this.talk, asking));
    });
  }

  /** Asks once the answers before are there. */
  private inTurn<Piece>(
    { signal, onPrefill, onLogProbs, onSave, thinking: _, ...options }: SendOptions,
    telling: Telling<Piece>,
    site: CallSite,
    ask: (answers: Awaited<ReturnType<typeof answering>>, asking: Asking) => Promise<GenerateResult>,
  ): Generation<Piece> {
    const { signal: closing } = this.closing;
    const before = this.latest;
    const start = async (sink: Sink, stop: AbortSignal) => {
      await orAborted(before, stop);
      return ask(await answering(), { options, onSave, sink, signal: stop, site });
    };
    const signals = signal ? [signal, closing] : [closing];
    const answer = generation(start, { telling, signals, onPrefill, onLogProbs });
    this.latest = Promise.allSettled([before, answer.result]);
    return answer;
  }

  /**
   * The conversation as bytes, with an answer that can go on, and what the model's layers hold of it. In the middle of an answer it is the
   * text alone, at once; see `SaveSessionOptions`.
   */
  async save({ state = 'auto', ...others }: SaveSessionOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkOptions('save', { state, ...others });
    const site = callSite();
    return (await answering()).saved(this.talk, state, site);
  }

  /**
   * Goes back to a saved conversation: its messages, and the answer that `resume` goes on with. The chat is made with the same options as the
   * one that was saved. @throws FormatError when the bytes are damaged, of another model, or of no chat.
   */
  async restore(saved: Uint8Array | ArrayBuffer | Blob): Promise<void> {
    const site = callSite();
    const before = this.latest;
    const restoring = before.then(async () => (await answering()).restore(this.talk, saved, site));
    this.latest = Promise.allSettled([restoring]); // a question asked meanwhile waits for it
    await restoring;
  }

  /** Forgets everything but the system messages in front, an answer under way included. */
  clear(): void {
    this.messages.splice(nLeading(this.messages));
    this.talk.nLeftOut = 0;
    this.talk.begun = undefined;
    this.talk.nClears++;
  }

  /** Stops what is being answered, and returns the conversation's memory; the messages stay in `messages`. */
  async close(): Promise<void> {
    this.closing.abort();
    this.closing = new AbortController();
    await this.latest;
    await this.talk.session.close();
  }

  /** The same as `close`, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A text is what the user says. */
function questionOf(message: unknown): ChatMessage {
  if (typeof message === 'string') return { role: 'user', content: message };
  if (typeof message === 'object' && message !== null && !Array.isArray(message)) return messageOf(message, 'message');
  throw new TypeError(`the message is ${kindOf(message)}, expected a text, or one message: { role, content }`);
}

const roundsOf = ({ tools, maxRounds }: SendOptions): Pick<SendOptions, 'tools' | 'maxRounds'> => ({
  tools,
  maxRounds,
});
