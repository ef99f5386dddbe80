import type { AnswerPart, CallPart, MarkedText, SaidPart } from '../parts.ts';
import type { PartType } from '../thoughts.ts';
import { ControlTokens, type Control, type Lexeme } from './control_tokens.ts';
import { readHeader, signs, type Header } from './header.ts';

export interface MessagesOptions {
  /** Which of the texts that messages are made of are tokens of the vocabulary. */
  readonly tokens: readonly string[];
  /** The answer may call tools. Makes the id of a call. Absent: what looks like a call is what its channel says. */
  readonly newId?: () => string;
}

/** What a message is: a part, or a call. */
type Kind = PartType | { readonly call: Pick<CallPart, 'index' | 'id'> };

/** Where in a message the text stands. */
type State =
  | { readonly at: 'header'; readonly hasRole: boolean; readonly text: string }
  | { readonly at: 'content'; readonly kind: Kind }
  | { readonly at: 'gap' };

const firstHeader: State = { at: 'header', hasRole: true, text: '' };

/**
 * Tells the messages of a Harmony answer apart, as its text comes: those on the channel `analysis` are thoughts, those to somebody are calls,
 * all others are text. Contents come to the character; two of a kind have an empty line between them. What lacks a header, or has a broken
 * one, is text, or a thought where its channel says so. A header's text waits until it is known to be none, or `<|message|>` comes.
 */
export class Messages {
  private readonly lexer: ControlTokens;
  private readonly newId: (() => string) | undefined;
  private state: State = firstHeader;
  /** Kinds of which something was said in this answer. */
  private said = { thinking: false, text: false };
  /** Nothing was said in this message. */
  private isFresh = true;
  private nCalls = 0;
  /** What comes stands before the answer. */
  private isBefore = false;
  /** Somebody else says it. */
  private isOthers = false;
  private told: AnswerPart[] = [];

  constructor({ tokens, newId }: MessagesOptions) {
    this.lexer = new ControlTokens(tokens);
    this.newId = newId;
  }

  /**
   * What stands before the answer: the end of its prompt, or all of an answer that goes on. Call it first, if at all.
   * @returns what is known of the call that goes on, if one does
   */
  startAfter(before: MarkedText, { goesOn }: { readonly goesOn: boolean }): CallPart[] {
    this.isBefore = true;
    this.open('text');
    const told = this.push(before);
    if (!goesOn) for (const lexeme of this.lexer.end()) this.take(lexeme);
    this.told = [];
    this.lexer.restart();
    this.isBefore = false;
    const { state } = this;
    const call = state.at === 'content' && typeof state.kind === 'object' ? state.kind.call : undefined;
    if (goesOn) return told.filter((part) => part.type === 'tool_call' && part.id === call?.id) as CallPart[];
    this.forget();
    if (state.at === 'header' && state.text === 'assistant') this.state = firstHeader;
    return [];
  }

  push(text: MarkedText): AnswerPart[] {
    for (const lexeme of this.lexer.push(text)) this.take(lexeme);
    return this.told.splice(0);
  }

  /** What was waiting for more. @param isWhole the model ended the answer itself; else it may go on, and what waits is read again then */
  end(isWhole: boolean): AnswerPart[] {
    if (!isWhole) return [];
    for (const lexeme of this.lexer.end()) this.take(lexeme);
    this.close();
    return this.told.splice(0);
  }

  private take(lexeme: Lexeme): void {
    if ('control' in lexeme) return this.control(lexeme.control);
    let { text } = lexeme;
    for (; this.state.at === 'header' && text !== ''; text = text.slice(1))
      // a broken one ends at the same place wherever it is cut
      this.header(this.state.text + printable(text[0]!), this.state.hasRole);
    if (this.state.at === 'content') this.say(this.state.kind, text);
    else if (text.trim() !== '') this.open('text', text.trimStart());
  }

  private control(control: Control): void {
    const { state } = this;
    const isHeader = state.at === 'header';
    if (control === 'message') {
      if (isHeader) this.begin(state.text, state.hasRole);
      else if (state.at === 'gap') this.open('text');
    } else if (control === 'constrain') {
      if (isHeader) this.header(state.text + signs.constrain, state.hasRole);
    } else if (control === 'channel') {
      const isFirst = isHeader && !state.text.includes(signs.channel);
      if (isFirst) return this.header(state.text + signs.channel, state.hasRole);
      this.close();
      this.state = { at: 'header', hasRole: true, text: signs.channel };
    } else {
      this.close();
      this.state = control === 'start' ? { at: 'header', hasRole: false, text: '' } : { at: 'gap' };
    }
  }

  /** More of a header has come, or of what turns out to be none. */
  private header(text: string, hasRole: boolean): void {
    this.state = { at: 'header', hasRole, text };
    if (!readHeader(text, hasRole).mayGoOn) this.spill(text, hasRole);
  }

  /** `<|message|>` has come. */
  private begin(text: string, hasRole: boolean): void {
    const header = readHeader(text, hasRole);
    if (!header.isWhole && header.rest !== '') return this.spill(text, hasRole);
    const isOthers = this.isBefore && header.role !== 'assistant';
    this.open(isOthers ? 'text' : this.kindOf(header));
    if (isOthers) this.forget();
    this.isOthers = isOthers;
  }

  /** What stands where a header should is content. */
  private spill(text: string, hasRole: boolean): void {
    const { rest, channel } = readHeader(text, hasRole);
    this.open(channel === 'analysis' ? 'thinking' : 'text', rest);
  }

  /** Nothing more comes of this message. */
  private close(): void {
    const { state } = this;
    if (state.at === 'header') this.spill(state.text, state.hasRole);
    this.state = { at: 'gap' };
  }

  /** A new answer begins. */
  private forget(): void {
    this.said = { thinking: false, text: false };
    this.nCalls = 0;
  }

  private kindOf({ role, channel, recipient }: Header): Kind {
    if (recipient !== undefined && role === 'assistant' && this.newId) {
      const call = { index: this.nCalls++, id: this.newId() };
      const name = recipient.replace(/^functions\./, '');
      this.told.push({ type: 'tool_call', ...call, name, arguments: '' });
      return { call };
    }
    return channel === 'analysis' ? 'thinking' : 'text';
  }

  private open(kind: Kind, text = ''): void {
    this.state = { at: 'content', kind };
    this.isFresh = true;
    this.isOthers = false;
    this.say(kind, text);
  }

  private say(kind: Kind, text: string): void {
    if (text === '' || this.isOthers) return;
    if (typeof kind === 'object') this.told.push({ type: 'tool_call', ...kind.call, arguments: text });
    else {
      const gap = this.isFresh && this.said[kind] ? '\n\n' : '';
      this.told.push({ type: kind, text: gap + text } satisfies SaidPart);
      this.said[kind] = true;
    }
    this.isFresh = false;
  }
}

/** Text that holds no signs. */
const printable = (text: string): string => text.replace(/[\u0001\u0002]/g, '\ufffd');
