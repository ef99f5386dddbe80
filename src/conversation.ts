import type { ChatMessage, ToolDefinition } from './chat/template.ts';
import type { GenerateResult } from './generation.ts';
import { generation, type Generation } from './generation_stream.ts';
import type { CallOptions, ModelSession } from './model.ts';

export interface ChatOptions extends CallOptions {
  /** What the model is told to be. */
  readonly system?: string;
  /** Functions the model may ask for, as its template spells them out. */
  readonly tools?: readonly ToolDefinition[];
  /** A conversation to go on with. */
  readonly messages?: readonly ChatMessage[];
}

/**
 * A conversation: remembers what was said, and reads only what is new at each turn. Options given to the chat hold for
 * every answer unless `send` gets others. What a user writes can never become a control token.
 */
export class Chat {
  /** What was said so far, the system message included. */
  readonly messages: ChatMessage[];
  private readonly session: ModelSession;
  private readonly tools: readonly ToolDefinition[] | undefined;
  private readonly defaults: CallOptions;

  /** Made by `model.chat()`. */
  constructor(session: ModelSession, { system, tools, messages = [], ...defaults }: ChatOptions) {
    this.session = session;
    this.tools = tools;
    this.defaults = defaults;
    this.messages = [...(system === undefined ? [] : [{ role: 'system', content: system } as const]), ...messages];
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
      const prompt = { messages: [...this.messages, question], tools: this.tools };
      const answer = this.session.generate(prompt, {
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
    this.messages.splice(this.messages[0]?.role === 'system' ? 1 : 0);
  }

  /** Returns the conversation's memory; what was said stays in `messages`. */
  close(): Promise<void> {
    return this.session.close();
  }
}
