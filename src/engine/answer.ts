import type { GenerateOptions, PieceEvent, ScoredToken, StopReason } from '../protocol/generation.ts';
import { logProbs } from '../sampling/log_probs.ts';
import { Loops } from './loops.ts';
import { StopText } from './stop_text.ts';
import { createTextStream, type TextStream } from '../tokenizers/stream.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Said } from './unfinished.ts';

/** An answer as it grows: its tokens, the text that may be shown, and why it ended. */
export class Answer {
  readonly tokens: number[] = [];
  readonly scores: ScoredToken[] = [];
  text = '';
  stopReason: StopReason | undefined;
  /** Characters before each token that may be part of a mark, since they were last taken. */
  private marks: number[] = [];
  private readonly markTokens: ReadonlySet<number>;
  /** Of the text that is shown or held back. */
  private nChars = 0;
  private readonly tokenizer: Tokenizer;
  private readonly after: number;
  private readonly stream: TextStream;
  private readonly stopText: StopText;
  private readonly maxTokens: number;
  private readonly nTop: number | undefined;
  private readonly loops: Loops | undefined;

  /**
   * @param after the prompt's last token: after some, a leading space is the tokenizer's own and not shown
   * @param markTokens what marks of thoughts are made of: shown, and their places told
   */
  constructor(
    tokenizer: Tokenizer,
    after: number,
    options: GenerateOptions,
    markTokens: ReadonlySet<number> = new Set(),
  ) {
    const { maxTokens = Infinity, stop = [], logProbs, ignoreEos, onLoop = ignoreEos ? 'ignore' : 'stop' } = options;
    this.tokenizer = tokenizer;
    this.after = after;
    this.markTokens = markTokens;
    this.stream = createTextStream(tokenizer, { after, shown: markTokens });
    this.stopText = new StopText(stop);
    this.maxTokens = maxTokens;
    this.nTop = logProbs;
    this.loops = onLoop === 'stop' ? new Loops() : undefined;
  }

  /** Tokens that may still come. */
  get nLeft(): number {
    return this.maxTokens - this.tokens.length;
  }

  /** Takes the next token and the logits `[nVocab]` it was drawn from; returns what may be shown now. */
  push(token: number, logits: Float32Array): PieceEvent {
    if (this.nTop === undefined) return this.event(this.take(token));
    const scored = { token, ...logProbs(logits, token, this.nTop) };
    this.scores.push(scored);
    return { ...this.event(this.take(token)), scored };
  }

  /** Nothing can come behind what has come. */
  end(): void {
    if (!this.stopped()) this.stopReason = 'eos';
  }

  private take(token: number): string {
    this.tokens.push(token);
    if (this.loops?.push(token)) this.stopReason = 'loop';
    if (this.tokens.length >= this.maxTokens) this.stopReason = 'length';
    const piece = this.stream.push(token);
    this.nChars += piece.length;
    if (this.markTokens.has(token)) this.marks.push(this.nChars - this.tokenizer.piece(token).length);
    return this.show(piece);
  }

  /** Takes an answer that was begun before; returns all that may be shown of it. */
  again({ tokens, scores }: Pick<Said, 'tokens' | 'scores'>): PieceEvent {
    let text = '';
    for (const token of tokens) text += this.take(token);
    for (const score of scores) this.scores.push(score);
    return this.event(text);
  }

  /** What goes on from here begins with. */
  get said(): Pick<Said, 'tokens' | 'scores' | 'after'> {
    return { tokens: [...this.tokens], scores: [...this.scores], after: this.after };
  }

  /** The text held back: half a character, or the start of a stop text that did not go on. */
  flush(): PieceEvent {
    if (this.stopReason === 'stop') return this.event('');
    const text = this.show(this.stream.flush());
    if (this.stopped()) return this.event(text);
    const rest = this.stopText.flush();
    this.text += rest;
    return this.event(text + rest);
  }

  private event(text: string): PieceEvent {
    const { marks } = this;
    if (marks.length === 0) return { type: 'piece', text };
    this.marks = [];
    return { type: 'piece', text, marks };
  }

  private stopped(): boolean {
    return this.stopReason === 'stop';
  }

  private show(piece: string): string {
    const { text, stopped } = this.stopText.push(piece);
    if (stopped) this.stopReason = 'stop';
    this.text += text;
    return text;
  }
}
