import { checkConversation, type ChatMessage, type Conversation } from '../chat/conversation.ts';
import type { GenerateEvent, GenerateResult } from '../protocol/generation.ts';
import type { ConversationPrompt } from '../protocol/open.ts';
import { orAborted } from './engine_client.ts';
import { generation, type Generation } from './generation.ts';
import type { CallOptions, ModelSession } from './model_session.ts';

export interface ChatOptions extends CallOptions, Partial<ConversationPrompt> {
  /** The system message: it tells the model what to be. */
  readonly system?: string;
  /** A conversation to go on with. */
  readonly messages?: readonly ChatMessage[];
}

/** Options of one answer; `templateVariables` are then all that the template gets. */
export interface SendOptions extends CallOptions, Pick<Conversation, 'templateVariables'> {}

/**
 * A conversation. It remembers the messages, and reads only the new ones at each turn. Options of the chat hold for every
 * answer, unless `send` gets others. A user's text can never become a control token.
 *
 * With `onFull: 'shift'` it may grow beyond the context: the oldest exchanges are then no longer sent, the system message always is.
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
  constructor(
    session: ModelSession,
    { system, messages = [], tools, documents, userDefined, ...defaults }: ChatOptions,
  ) {
    this.session = session;
    this.context = { tools, documents, userDefined };
    this.defaults = defaults;
    checkConversation({ messages, tools, documents, templateVariables: defaults.templateVariables });
    this.messages = [...(system === undefined ? [] : [{ role: 'system', content: system } as const]), ...messages];
  }

  /** So many of the oldest messages are no longer sent, because the context has no room for them. */
  get nForgotten(): number {
    return this.nLeftOut;
  }

  /**
   * Says something and streams the answer. A question asked before the last one is answered waits for that. An answer that is stopped
   * early stays in `messages` as far as it came; one that failed, or of which nothing was heard before it was stopped, leaves no trace.
   */
  send(message: string | ChatMessage, options: SendOptions = {}): Generation {
    const question: ChatMessage = typeof message === 'string' ? { role: 'user', content: message } : { ...message };
    const { signal, onPrefill, ...rest } = { ...this.defaults, ...options };
    const { signal: closing } = this.closing;
    const before = this.latest;
    const answer = generation(
      async (onEvent, stop) => {
        await orAborted(before, stop);
        return this.ask(question, { ...rest, signal: stop }, onEvent);
      },
      { signal: signal ? AbortSignal.any([signal, closing]) : closing, onPrefill },
    );
    this.latest = Promise.allSettled([before, answer.result]);
    return answer;
  }

  private async ask(
    question: ChatMessage,
    { templateVariables, ...options }: SendOptions,
    onEvent: (event: GenerateEvent) => void,
  ): Promise<GenerateResult> {
    const { messages, nSystem, nLeftOut, nClears } = this;
    const sent = [...messages.toSpliced(nSystem, nLeftOut), question];
    const prompt = { ...this.context, messages: sent, templateVariables };
    const onPrefill = (nDone: number, nTotal: number) => onEvent({ type: 'prefill', nDone, nTotal });
    const answer = this.session.generate(prompt, { ...options, onPrefill });
    let heard = '';
    try {
      for await (const text of answer) {
        heard += text;
        onEvent({ type: 'piece', text });
      }
    } catch (error) {
      if (!options.signal!.aborted) throw error;
    }
    const result = await answer.result;
    if ((heard !== '' || result.stopReason !== 'abort') && nClears === this.nClears) {
      messages.push(question, { role: 'assistant', content: heard });
      this.nLeftOut += result.nForgotten;
    }
    return result;
  }

  /** Forgets everything but the system message, an answer under way included. */
  clear(): void {
    this.messages.splice(this.nSystem);
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

  /** The system message comes first, if there is one. */
  private get nSystem(): number {
    return this.messages[0]?.role === 'system' ? 1 : 0;
  }
}
