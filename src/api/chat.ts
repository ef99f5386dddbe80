import type { ChatMessage } from '../chat/conversation.ts';
import { kindOf } from '../base/checks.ts';
import { nLeading, withoutOldest } from '../chat/instructions.ts';
import type { AnswerPart } from '../chat/parts.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { GenerateResult } from '../protocol/generation.ts';
import type { ConversationPrompt } from '../protocol/open.ts';
import { conversationOf, messageOf, messagesOf, stopsOf } from './arguments.ts';
import { asyncDispose } from './async_dispose.ts';
import { callSite, type CallSite } from './call_site.ts';
import { orAborted } from './engine_client.ts';
import { both, generation, orFailed, tellingOf, type Generation, type Sink, type Telling } from './generation.ts';
import type { ModelSession } from './model_session.ts';
import type { ChatOptions, SendOptions, Split } from './option_types.ts';
import { checkOptions } from './options.ts';

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
  private readonly session: ModelSession;
  /** What the template gets beside the messages. */
  private readonly context: Omit<ConversationPrompt, 'messages'>;
  private readonly defaults: SendOptions;
  private nLeftOut = 0;
  private nClears = 0;
  private closing = new AbortController();
  /** Settles when the question asked last has its answer: the next one waits for it. */
  private latest: Promise<unknown> = Promise.resolve();

  /** Made by `model.chat()`. */
  constructor(session: ModelSession, options: ChatOptions) {
    checkOptions('chat', options);
    const { system, messages = [], tools, documents, userDefined, ...defaults } = options;
    if (system !== undefined && typeof system !== 'string')
      throw new TypeError(`system is ${kindOf(system)}, expected a text`);
    stopsOf(defaults.stop);
    const said = Array.isArray(messages) && messages.length === 0 ? [] : messagesOf(messages);
    this.session = session;
    const { templateVars } = defaults;
    conversationOf({ messages: said, tools, documents, userDefined, templateVars });
    this.context = { tools, documents, userDefined };
    this.defaults = defaults;
    this.messages = [...(system === undefined ? [] : [{ role: 'system', content: system } as const]), ...said];
  }

  /** The adapters that answers are made with from now on; see `ModelSession.adapters`. */
  get adapters(): readonly AdapterUse[] | undefined {
    return this.session.adapters;
  }

  set adapters(uses: readonly AdapterUse[] | undefined) {
    this.session.adapters = uses;
  }

  /** So many of the oldest messages are no longer sent, because the context has no room for them. */
  get nForgotten(): number {
    return this.nLeftOut;
  }

  /**
   * Says something and streams the answer. A question asked before the last one is answered waits for that. An answer that is stopped
   * early stays in `messages` as far as it came; one that failed, or of which nothing was heard before it was stopped, leaves no trace.
   */
  send(message: string | ChatMessage, options: SendOptions & Split): Generation<AnswerPart>;
  send(message: string | ChatMessage, options?: SendOptions): Generation;
  send(message: string | ChatMessage, options: SendOptions = {}): Generation<string | AnswerPart> {
    return orFailed<string | AnswerPart>(() => {
      checkOptions('send', options);
      stopsOf(options.stop);
      const question = questionOf(message);
      conversationOf({ messages: [question], templateVars: options.templateVars });
      const telling: Telling<string | AnswerPart> = tellingOf(options.thinking);
      return this.answer(question, { ...this.defaults, ...options }, telling, callSite());
    });
  }

  private answer<Piece>(
    question: ChatMessage,
    options: SendOptions,
    telling: Telling<Piece>,
    site: CallSite,
  ): Generation<Piece> {
    const { signal, onPrefill, ...rest } = options;
    const { signal: closing } = this.closing;
    const before = this.latest;
    const { adapters } = this;
    const answer = generation(
      async (sink, stop) => {
        await orAborted(before, stop);
        return this.ask({ question, options: { ...rest, signal: stop }, adapters, site, sink });
      },
      { telling, signals: signal ? [signal, closing] : [closing], onPrefill },
    );
    this.latest = Promise.allSettled([before, answer.result]);
    return answer;
  }

  private async ask({ question, options, adapters, site, sink }: Asking): Promise<GenerateResult> {
    const { messages, nLeftOut, nClears } = this;
    const { templateVars, ...rest } = options;
    const sent = [...withoutOldest(messages, nLeftOut), question];
    const prompt = conversationOf({ ...this.context, messages: messagesOf(sent), templateVars });
    const onPrefill = (nDone: number, nTotal: number) => sink.prefill(nDone, nTotal);
    const answer = this.session.start(prompt, { ...rest, onPrefill }, { site, telling: both, adapters });
    const heard = { thinking: '', text: '' };
    try {
      for await (const said of answer) {
        for (const { type, text } of said.parts) heard[type] += text;
        sink.said(said);
      }
    } catch (error) {
      if (!options.signal!.aborted) throw error;
    }
    const result = await answer.result;
    const isHeard = heard.text !== '' || heard.thinking !== '';
    if ((isHeard || result.stopReason !== 'abort') && nClears === this.nClears) {
      const thought = heard.thinking === '' ? {} : { reasoningContent: heard.thinking };
      messages.push(question, { role: 'assistant', content: heard.text, ...thought });
      this.nLeftOut += result.nForgotten;
    }
    return result;
  }

  /** Forgets everything but the system messages in front, an answer under way included. */
  clear(): void {
    this.messages.splice(nLeading(this.messages));
    this.nLeftOut = 0;
    this.nClears++;
  }

  /** Stops what is being answered, and returns the conversation's memory; the messages stay in `messages`. */
  async close(): Promise<void> {
    this.closing.abort();
    this.closing = new AbortController();
    await this.latest;
    await this.session.close();
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

/** A question whose turn has come. */
interface Asking {
  readonly question: ChatMessage;
  readonly options: SendOptions;
  readonly adapters: readonly AdapterUse[] | undefined;
  readonly site: CallSite;
  readonly sink: Sink;
}
