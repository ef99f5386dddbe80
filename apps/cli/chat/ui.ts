import type { SaidPart } from '../../../src/index.ts';

/** What a chat needs of whoever is in front: a person at a terminal, or a pipe. */
export interface ChatUi {
  /** A person types: a line that starts with a slash is a command. Lines of a pipe are messages, always. */
  readonly hasPerson: boolean;
  /** Thoughts look different from answers; where they do not, an answer is shown with the marks that the model makes. */
  readonly showsParts: boolean;
  /** Ends with the input, and with `close`. */
  readonly messages: AsyncIterable<string>;
  /** A remark beside the conversation. */
  tell(text: string): Promise<void>;
  /** A mistake that can be put right. */
  fail(text: string): Promise<void>;
  /** Text of the conversation that was said before. */
  recall(role: string, text: string): Promise<void>;
  startAnswer(): AnswerView;
  /** A question to answer with y or n; no where nobody can be asked. */
  confirm(question: string): Promise<boolean>;
  /** Takes back what was typed but not sent yet; false where there was nothing, so that Ctrl-C means to leave. */
  interrupt(): boolean;
  /** Throws away messages that wait for their turn; returns how many. */
  dropWaiting(): number;
  close(): void;
}

export interface AnswerView {
  /** Tokens of the prompt read so far. */
  reading(nDone: number, nTotal: number): void;
  push(part: SaidPart): Promise<void>;
  /** The model thinks, and what it thinks is not shown. */
  thinking(): void;
  end(): Promise<void>;
  /** What there is to say about the answer, for a person. */
  status(text: string): Promise<void>;
  /** The same, of an answer that Ctrl-C has stopped: who reads a pipe is told, too. */
  stopped(text: string): Promise<void>;
}
