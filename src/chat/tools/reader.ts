import type { CallPart, MarkedText } from '../parts.ts';
import type { CallSink } from './call_sink.ts';
import { core, readCall } from './calls.ts';
import type { ToolFormat } from './format.ts';
import { Source, type Reading } from './source.ts';
import type { Tool } from './tool.ts';

/** Text, or a piece of a call. */
export type Told = { readonly type: 'text'; readonly text: string } | CallPart;

export interface CallsOptions {
  readonly format: ToolFormat;
  /** Marks that count as tokens only. */
  readonly tokens: readonly string[];
  readonly tools: readonly Tool[];
  /** Makes the id of a call that the model gave none. */
  readonly newId: () => string;
}

/**
 * Tells the calls of an answer from its text, as it comes. What looked like a call and is none is text again, to the character; white space
 * beside calls belongs to them. Text waits only while it may be the beginning of a mark, calls until their name is known.
 */
export class Calls {
  private readonly source: Source;
  private readonly reading: Reading;
  private readonly told: Told[] = [];
  private readonly options: CallsOptions;
  private nCalls = 0;
  /** White space that is told when text follows. */
  private space = '';
  /** Nothing but white space was told since the last call. */
  private isFresh = false;
  /** So many characters of the next text were told before. */
  private nTold = 0;

  constructor(options: CallsOptions) {
    this.options = options;
    this.source = new Source(options.tokens);
    this.reading = this.read();
  }

  push(text: MarkedText): Told[] {
    this.source.push(text);
    return this.advance();
  }

  /** So many characters that wait were told as text: the answer ended there, and goes on now. */
  goOn(nChars: number): void {
    this.nTold = nChars;
  }

  /** What was waiting for more. */
  end(): Told[] {
    this.source.isEnd = true;
    const told = this.advance();
    if (!this.isFresh) this.tell(this.space);
    this.space = '';
    return [...told, ...this.told.splice(0)];
  }

  private advance(): Told[] {
    this.reading.next();
    return this.told.splice(0);
  }

  private *read(): Reading {
    const { format } = this.options;
    const marks = opensWith(format);
    if (format.opened && !(yield* this.hasOneOf(marks))) yield* this.attempt('');
    for (;;) {
      const mark = yield* this.source.until(marks, (text) => this.say(text));
      if (mark === undefined) return;
      if (yield* this.isEarly(mark)) this.say(this.source.take(1));
      else yield* this.attempt(mark);
    }
  }

  /** Text may end in what a mark is made of, `>` before `>>>`: the mark is the end of such a run. */
  private *isEarly(mark: string): Reading<boolean> {
    return mark[1] === mark[0] && mark === mark[0]!.repeat(mark.length) && (yield* this.source.has(mark[0]! + mark));
  }

  private *hasOneOf(marks: readonly string[]): Reading<boolean> {
    for (const mark of marks) if (yield* this.source.has(mark)) return true;
    return false;
  }

  /** Reads what a mark opens: calls, or what only looked like some. */
  private *attempt(mark: string): Reading {
    const { source } = this;
    source.keep();
    source.take(mark.length);
    const isRead = (yield* this.isText()) || (yield* this.section(mark !== ''));
    const kept = source.unkeep();
    if (!isRead) this.say(kept);
  }

  /** A mark may open a text as well, where it is told so by name. */
  private *isText(): Reading<boolean> {
    const { opened, shape } = this.options.format;
    if (opened?.text === undefined || shape.kind !== 'tagged') return false;
    return yield* this.source.skip(opened.text + shape.after!);
  }

  /** Reads calls, one after the other. False: there was none. */
  private *section(isMarked: boolean): Reading<boolean> {
    const { source } = this;
    const { section, isList = false, between = '' } = this.options.format;
    yield* source.space();
    const isBracketed = isList && (yield* source.skip('['));
    const separator = isBracketed ? ',' : between.trim();
    let goesOn = true;
    for (let n = 0; goesOn; n++) {
      yield* source.space();
      if (isBracketed && (yield* source.skip(']'))) break;
      if (section && ((yield* this.isClosed()) || !(yield* this.beginning()))) break;
      if (n > 0) source.keep();
      if (!(yield* this.call(isMarked || n > 0))) {
        if (n === 0) return false;
        this.say(source.unkeep());
        break;
      }
      yield* source.space();
      const isSeparated = separator !== '' && (yield* source.skip(separator));
      goesOn = section !== undefined || isBracketed || isSeparated;
    }
    yield* source.space();
    if (yield* this.isClosed()) source.take(core(section!.end).length);
    return true;
  }

  /** Whether the mark behind all calls comes next. */
  private *isClosed(): Reading<boolean> {
    const { section } = this.options.format;
    return section !== undefined && section.end !== '' && (yield* this.source.has(core(section.end)));
  }

  /** The mark before a call inside a section. */
  private *beginning(): Reading<boolean> {
    const { begin } = this.options.format;
    if (begin === undefined) return true;
    for (const mark of listOf(begin)) if (yield* this.source.skip(core(mark))) return true;
    return false;
  }

  /** One call, with the mark behind it. */
  private *call(isMarked: boolean): Reading<boolean> {
    const { format, tools, newId } = this.options;
    const { source } = this;
    const { end = '', shape, hasIds = false } = format;
    if (shape.kind === 'message') return false; // no mark begins it
    const index = this.nCalls;
    let part: { index: number; id: string } | undefined;
    const sink: CallSink = {
      begin: (name, id) => {
        if (!isMarked && !tools.some((tool) => tool.name === name)) return false;
        source.unkeep();
        this.nCalls++;
        this.space = '';
        this.nTold = 0;
        this.isFresh = true;
        part = { index, id: hasIds && id !== undefined ? id : newId() };
        this.told.push({ type: 'tool_call', ...part, name, arguments: '' });
        return true;
      },
      say: (json) => this.told.push({ type: 'tool_call', ...part!, arguments: json }),
      schemaOf: (name) => tools.find((tool) => tool.name === name)?.schema,
    };
    const isCall = yield* readCall(shape, { source, sink, end });
    if (!isCall && part === undefined) return false;
    yield* source.space();
    if (end.trim() !== '') yield* source.skip(core(end));
    return true;
  }

  /** Tells text, but for white space at its end, which may belong to a call. */
  private say(text: string): void {
    const said = this.isFresh ? text.trimStart() : this.space + text;
    const words = said.trimEnd();
    this.space = said.slice(words.length);
    if (words === '') return;
    this.tell(words);
    this.isFresh = false;
  }

  private tell(text: string): void {
    const rest = text.slice(this.nTold);
    this.nTold -= text.length - rest.length;
    if (rest !== '') this.told.push({ type: 'text', text: rest });
  }
}

const listOf = (marks: string | readonly string[]): readonly string[] => (typeof marks === 'string' ? [marks] : marks);

/** What opens calls in a text. */
const opensWith = ({ section, begin = [] }: ToolFormat): string[] =>
  (section ? [section.begin] : listOf(begin)).map(core);
