/** An answer as the items of a response, and the events that tell how they grow. */
import type { Answering } from '../answer.ts';
import { newId } from '../context.ts';
import type { AnswerPart } from '../../chat/parts.ts';
import type { ServedModel } from '../served.ts';
import { logProbEntries, type ScoredEntry } from './log_probs.ts';

/** Kinds of items, by the parts that they are made of. */
type Kind = AnswerPart['type'];

interface Growing {
  readonly kind: Kind;
  readonly id: string;
  readonly outputIndex: number;
  text: string;
  readonly logprobs: object[];
  readonly call: { readonly id: string; readonly index: number; name: string };
}

interface Shape {
  readonly prefix: string;
  /** The item, whole or as far as it is. */
  item(growing: Growing, status: 'in_progress' | 'completed' | 'incomplete'): Record<string, unknown>;
  /** Its part; items without parts grow by themselves. */
  part?(growing: Growing): Record<string, unknown>;
  /** How its events are called: `response.NAME.delta`, `response.NAME.done`. */
  readonly event: string;
  /** What the last of these events says. */
  done(growing: Growing): Record<string, unknown>;
}

const shapes: Readonly<Record<Kind, Shape>> = {
  text: {
    prefix: 'msg_',
    event: 'output_text',
    item: (growing, status) => ({
      ...{ id: growing.id, type: 'message', status, role: 'assistant' },
      content: status === 'in_progress' ? [] : [shapes.text.part!(growing)],
    }),
    part: ({ text, logprobs }) => ({ type: 'output_text', annotations: [], logprobs, text }),
    done: ({ text, logprobs }) => ({ text, logprobs }),
  },
  thinking: {
    prefix: 'rs_',
    event: 'reasoning_text',
    item: (growing, status) => ({
      ...{ id: growing.id, type: 'reasoning', status, summary: [] },
      content: status === 'in_progress' ? [] : [shapes.thinking.part!(growing)],
    }),
    part: ({ text }) => ({ type: 'reasoning_text', text }),
    done: ({ text }) => ({ text }),
  },
  tool_call: {
    prefix: 'fc_',
    event: 'function_call_arguments',
    item: ({ id, text, call }, status) => ({
      id,
      type: 'function_call',
      status,
      call_id: call.id,
      name: call.name,
      arguments: text,
    }),
    done: ({ text, call }) => ({ arguments: text, name: call.name }),
  },
};

export interface Grown {
  readonly output: readonly Record<string, unknown>[];
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly text: string;
  readonly thinking: string;
}

type Event = Record<string, unknown>;

const noCall: Growing['call'] = { id: '', index: -1, name: '' };

/** Items as they grow: each call returns the events that tell of it. */
class Items {
  readonly output: Event[] = [];
  readonly grown = { calls: [] as Grown['calls'][number][], text: '', thinking: '' };
  private open: Growing | undefined;

  get isEmpty(): boolean {
    return this.open === undefined && this.output.length === 0;
  }

  /** The next part, with the log-probabilities of its tokens. */
  add(part: AnswerPart, logprobs: readonly object[]): Event[] {
    const { type } = part;
    const call = type === 'tool_call' ? { id: part.id, index: part.index, name: part.name ?? '' } : noCall;
    const piece = type === 'tool_call' ? (part.arguments ?? '') : part.text;
    if (piece === '' && type !== 'tool_call') return [];
    const isNew = this.open?.kind !== type || this.open.call.index !== call.index;
    const events = isNew ? [...this.end(), ...this.begin(type, call)] : [];
    const open = this.open!;
    if (piece === '') return events;
    open.text += piece;
    const isText = type === 'text';
    if (isText) for (const scored of logprobs) open.logprobs.push(scored);
    const { event } = shapes[type];
    events.push({ type: `response.${event}.delta`, ...placeOf(open), delta: piece, ...(isText && { logprobs }) });
    return events;
  }

  /** Tokens behind the last piece of text. */
  scored(logprobs: readonly object[]): void {
    if (this.open?.kind === 'text') for (const each of logprobs) this.open.logprobs.push(each);
  }

  begin(kind: Kind, call = noCall): Event[] {
    const open = {
      kind,
      id: newId(shapes[kind].prefix),
      outputIndex: this.output.length,
      text: '',
      logprobs: [],
      call,
    };
    this.open = open;
    const { item, part } = shapes[kind];
    const added = {
      type: 'response.output_item.added',
      output_index: open.outputIndex,
      item: item(open, 'in_progress'),
    };
    return [added, ...(part ? [{ type: 'response.content_part.added', ...placeOf(open), part: part(open) }] : [])];
  }

  /** @param isWhole false where the answer was cut */
  end(isWhole = true): Event[] {
    const { open } = this;
    if (!open) return [];
    this.open = undefined;
    const { kind, text, call } = open;
    const { event, part, item, done } = shapes[kind];
    const whole = item(open, isWhole ? 'completed' : 'incomplete');
    this.output.push(whole);
    if (kind === 'tool_call') this.grown.calls.push({ id: call.id, name: call.name, arguments: text });
    else this.grown[kind] += text;
    return [
      { type: `response.${event}.done`, ...placeOf(open), ...done(open) },
      ...(part ? [{ type: 'response.content_part.done', ...placeOf(open), part: part(open) }] : []),
      { type: 'response.output_item.done', output_index: open.outputIndex, item: whole },
    ];
  }
}

const placeOf = ({ kind, id, outputIndex }: Growing) => ({
  item_id: id,
  output_index: outputIndex,
  ...(shapes[kind].part && { content_index: 0 }),
});

/** Tokens of marks between thoughts and text, at most. */
const MAX_MARKS = 64;

/** Where a text begins among tokens that begin with so many characters of thoughts, and the marks around them. */
function beginOf(text: string, entries: readonly ScoredEntry[], nThought: number): number {
  let behind = 0;
  for (let n = 0; behind < entries.length && n < nThought; behind++) n += entries[behind]!.token.length;
  for (let at = behind; at < Math.min(entries.length, behind + MAX_MARKS); at++) {
    const tokens = entries.slice(at, at + text.length + MAX_MARKS).map(({ token }) => token);
    if (tokens[0]!.trim() === '' && !tokens[0]!.startsWith(text[0]!)) continue; // between thoughts and text
    const said = tokens.join('');
    if ([said, said.trimStart()].some((each) => each.startsWith(text) || text.startsWith(each))) return at;
  }
  return behind;
}

/** Yields the events of an answer, without their numbers; returns what it came to. */
export async function* itemEvents(
  answering: Answering,
  model: ServedModel,
  isScored: boolean,
): AsyncGenerator<Event, Grown> {
  const items = new Items();
  const scored = async () => (isScored ? logProbEntries(model, answering.takeScored()) : []);
  const waiting: ScoredEntry[] = []; // of thoughts, and of what is held back
  let nThought = 0;
  for await (const part of answering.parts) {
    for (const each of await scored()) waiting.push(each);
    if (part.type === 'thinking') nThought += part.text.length;
    const isSaid = part.type === 'text' && part.text !== '';
    if (isSaid && nThought > 0) waiting.splice(0, beginOf(part.text, waiting, nThought));
    if (isSaid) nThought = 0;
    yield* items.add(part, isSaid ? waiting.splice(0) : []);
  }
  const { stopReason } = await answering.result;
  items.scored([...waiting, ...(await scored())]);
  if (items.isEmpty) yield* items.begin('text'); // an answer without a word is a message, too
  yield* items.end(stopReason === 'eos' || stopReason === 'stop');
  return { output: items.output, ...items.grown };
}
