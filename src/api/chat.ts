import type { ChatMessage, ToolDefinition } from '../chat/template.ts';
import type { GenerateResult } from '../protocol/generation.ts';
import { generation, type Generation } from './generation.ts';
import type { ModelInfo, Prompt } from '../protocol/open.ts';
import type { CallOptions, ModelSession } from './model_session.ts';

export interface ChatOptions extends CallOptions {
  /** The system message: it tells the model what to be. */
  readonly system?: string;
  /** Functions the model may ask for, as its template spells them out. */
  readonly tools?: readonly ToolDefinition[];
  /** A conversation to go on with. */
  readonly messages?: readonly ChatMessage[];
}

/** The parts of its model that a conversation needs. */
interface ChatModel {
  readonly info: ModelInfo;
  openSession(): ModelSession;
  tokenize(prompt: Prompt): Promise<number[]>;
}

/**
 * A conversation. It remembers the messages, and reads only the new ones at each turn. Options of the chat hold for every
 * answer, unless `send` gets others. A user's text can never become a control token.
 *
 * With `onFull: 'shift'` it may grow beyond the context: then it no longer sends the oldest turns, but always the system
 * message.
 */
export class Chat {
  /** The messages so far, the system message included. */
  readonly messages: ChatMessage[];
  private readonly model: ChatModel;
  private readonly session: ModelSession;
  private readonly tools: readonly ToolDefinition[] | undefined;
  private readonly defaults: CallOptions;
  private nLeftOut = 0;

  /** Made by `model.chat()`. */
  constructor(model: ChatModel, { system, tools, messages = [], ...defaults }: ChatOptions) {
    this.model = model;
    this.session = model.openSession();
    this.tools = tools;
    this.defaults = defaults;
    this.messages = [...(system === undefined ? [] : [{ role: 'system', content: system } as const]), ...messages];
  }

  /** So many of the oldest messages are no longer sent, because the context has no room for them. */
  get nForgotten(): number {
    return this.nLeftOut;
  }

  /**
   * Says something and streams the answer. An answer that is stopped early stays in `messages` as far as it came; one
   * that failed leaves no trace.
   */
  send(message: string | ChatMessage, options: CallOptions = {}): Generation {
    const question: ChatMessage = typeof message === 'string' ? { role: 'user', content: message } : message;
    const { signal, onPrefill, ...rest } = { ...this.defaults, ...options };
    const length = this.messages.length;
    let heard = '';
    const start = async (onEvent: Parameters<Parameters<typeof generation>[0]>[0], stop: AbortSignal) => {
      if (rest.onFull === 'shift') await this.makeRoom(question, rest.maxTokens);
      const answer = this.session.generate(this.promptFor(question), {
        ...rest,
        signal: stop,
        onPrefill: (nDone, nTotal) => onEvent({ type: 'prefill', nDone, nTotal }),
      });
      try {
        for await (const text of answer) {
          heard += text;
          onEvent({ type: 'piece', text });
        }
      } finally {
        if (heard !== '') this.messages.splice(length, Infinity, question, { role: 'assistant', content: heard });
      }
      return (await answer.result) satisfies GenerateResult;
    };
    return generation(start, { signal, onPrefill });
  }

  /** Forgets everything but the system message. */
  clear(): void {
    this.messages.splice(this.nSystem);
    this.nLeftOut = 0;
  }

  /** Returns the conversation's memory; the messages stay in `messages`. */
  close(): Promise<void> {
    return this.session.close();
  }

  /** The system message comes first, if there is one. */
  private get nSystem(): number {
    return this.messages[0]?.role === 'system' ? 1 : 0;
  }

  private promptFor(question: ChatMessage) {
    const kept = this.messages.toSpliced(this.nSystem, this.nLeftOut);
    return { messages: [...kept, question], tools: this.tools };
  }

  /**
   * Once the question and a fair answer no longer fit, it leaves out the oldest turns until the context is half empty. It
   * does not leave out one turn at a time, because each time all turns that stay are read again.
   */
  private async makeRoom(question: ChatMessage, maxTokens = Infinity): Promise<void> {
    const { nCtx } = this.model.info;
    const nTokens = async () => (await this.model.tokenize(this.promptFor(question))).length;
    if ((await nTokens()) + Math.min(maxTokens, nCtx / 4) <= nCtx) return;
    while (this.leaveOutTurn(question) && (await nTokens()) > nCtx / 2);
  }

  /** A turn is a question and all that follows up to the next. The turn that a tool's answer belongs to stays. */
  private leaveOutTurn(question: ChatMessage): boolean {
    const isQuestion = ({ role }: ChatMessage): boolean => role === 'user';
    const said = [...this.messages.slice(this.nSystem), question];
    const next = said.findIndex((message, i) => i > this.nLeftOut && isQuestion(message));
    if (next < 0) return false;
    this.nLeftOut = next;
    return true;
  }
}
