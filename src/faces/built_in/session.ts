/** What a LanguageModel remembers and does. */
import type { Model } from '../../api/model.ts';
import type { CallOptions, Split } from '../../api/option_types.ts';
import type { ChatMessage, ToolCall } from '../../chat/conversation.ts';
import type { Prompt } from '../../protocol/open.ts';
import type { SamplerOptions } from '../../sampling/options.ts';
import { usageOf } from './context.ts';
import { saidOf, type PromptInput, type Said } from './conversation.ts';
import { quotaError } from './errors.ts';
import { Lifetime } from './lifetime.ts';
import { dictionaryOf, signalOf } from './options.ts';
import type { Tools } from './tools.ts';

export interface PromptOptions {
  /** A JSON schema or a regular expression that the answer is held to. */
  readonly responseConstraint?: object;
  /** The model is not told of the constraint. */
  readonly omitResponseConstraintInput?: boolean;
  readonly signal?: AbortSignal;
}

export interface Made {
  readonly model: Model;
  /** Tokens that there is room for. */
  readonly window: number;
  readonly messages: readonly ChatMessage[];
  readonly sampling: SamplerOptions;
  readonly tools: Tools | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Room for an answer, where older messages can make it. */
const answerTokens = 256;

/** Rounds of calls of tools in one answer, at most. */
const maxRounds = 10;

/** How one answer of the model is made. */
interface Round {
  readonly prefix: string | undefined;
  readonly options: PromptOptions | undefined;
  readonly signal: AbortSignal;
  /** The last one has to do without tools. */
  readonly mayCall: boolean;
}

export class Session {
  readonly made: Made;
  usage = 0;
  /** Told when old messages are left out. */
  onOverflow: () => void = () => undefined;
  private messages: ChatMessage[];
  private readonly life: Lifetime;
  /** Prompts are answered one after the other. */
  private latest: Promise<unknown> = Promise.resolve();
  private nWaiting = 0;

  constructor(made: Made, usage: number) {
    this.made = made;
    this.usage = usage;
    this.messages = [...made.messages];
    this.life = new Lifetime('LanguageModel', made.signal);
  }

  /** @throws QuotaExceededError where the messages to begin with have no room. */
  static async open(made: Made): Promise<Session> {
    const usage = await usageOf(made.model, made.messages);
    if (usage > made.window) throw quotaError(usage, made.window);
    return new Session(made, usage);
  }

  async prompt(input: PromptInput, options?: PromptOptions): Promise<string> {
    const said = this.said(input);
    return this.life.run(signalOf(dictionaryOf('prompt', options)), async (signal) => {
      let text = '';
      for await (const piece of this.inTurn((stop) => this.answer(said, options, stop), signal)) text += piece;
      return text;
    });
  }

  promptStreaming(input: PromptInput, options?: PromptOptions): ReadableStream<string> {
    const said = this.said(input);
    return this.life.stream(signalOf(dictionaryOf('promptStreaming', options)), (signal) =>
      this.inTurn((stop) => this.answer(said, options, stop), signal),
    );
  }

  async append(input: PromptInput, options?: { readonly signal?: AbortSignal }): Promise<undefined> {
    const said = this.said(input);
    const keep = async function* (this: Session) {
      const messages =
        said.prefix === undefined ? said.messages : [...said.messages, { role: 'assistant', content: said.prefix }];
      await this.makeRoom(messages, 0);
      this.keep(messages, await usageOf(this.made.model, messages));
    };
    await this.life.run(signalOf(options), async (signal) => {
      for await (const _ of this.inTurn(() => keep.call(this), signal));
    });
    return undefined;
  }

  async measure(input: PromptInput, options?: PromptOptions): Promise<number> {
    const { messages, prefix } = saidOf(input, { isFirst: true });
    const all = prefix === undefined ? messages : [...messages, { role: 'assistant', content: prefix }];
    return this.life.run(signalOf(options), () => usageOf(this.made.model, told(all, options)));
  }

  async clone(signal: AbortSignal | undefined): Promise<Session> {
    return this.life.run(signal, async () => {
      await this.latest;
      return new Session({ ...this.made, messages: this.messages, signal }, this.usage);
    });
  }

  destroy(): void {
    this.life.destroy();
  }

  private said(input: PromptInput): Said {
    return saidOf(input, { isFirst: this.messages.length === 0 && this.nWaiting === 0 });
  }

  /** Work that begins when the work before it has ended. */
  private async *inTurn(
    work: (signal: AbortSignal) => AsyncIterable<string>,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const before = this.latest;
    let end: () => void = () => undefined;
    this.latest = new Promise<void>((resolve) => (end = resolve));
    this.nWaiting++;
    try {
      await before;
      signal.throwIfAborted();
      yield* work(signal);
    } finally {
      this.nWaiting--;
      end();
    }
  }

  private async *answer(said: Said, options: PromptOptions | undefined, signal: AbortSignal): AsyncGenerator<string> {
    const { model } = this.made;
    const asked = told(said.messages, options);
    const added: ChatMessage[] = [...asked];
    for (let round = 0; ; round++) {
      await this.makeRoom(added, answerTokens);
      const how = { prefix: said.prefix, options, signal, mayCall: round < maxRounds };
      const { text, calls, nForgotten } = yield* this.round(added, how);
      await this.forget(nForgotten);
      const answer = (said.prefix ?? '') + text;
      added.push({ role: 'assistant', content: answer, ...(calls.length > 0 && { toolCalls: calls }) });
      if (calls.length === 0) break;
      for (const call of calls)
        added.push({ role: 'tool', toolCallId: call.id, name: call.name, content: await this.called(call) });
      signal.throwIfAborted();
    }
    this.keep(added, await usageOf(model, added));
  }

  /** One answer of the model; what it thinks is not part of it. */
  private async *round(added: readonly ChatMessage[], { prefix, options, signal, mayCall }: Round) {
    const { model, sampling, tools } = this.made;
    const messages = [...this.messages, ...added];
    const how = {
      ...sampling,
      ...constraintOf(options?.responseConstraint),
      ...(tools && !mayCall && { toolChoice: 'none' }),
      onFull: prefix === undefined ? 'shift' : 'stop',
      thinking: 'split',
      signal,
    } as CallOptions & Split;
    const conversation = { messages, ...(tools && { tools: tools.definitions }) };
    const prompt: Prompt = prefix === undefined ? conversation : await begun(model, conversation, prefix);
    const answer = model.generate(prompt, how);
    let text = '';
    for await (const part of answer) {
      if (part.type !== 'text') continue;
      text += part.text;
      yield part.text;
    }
    const result = await answer.result;
    return { text, calls: result.toolCalls ?? [], nForgotten: result.nForgotten };
  }

  /** What a tool says; the model is told, too, where its arguments are no JSON. */
  private async called({ name, arguments: given }: ToolCall): Promise<string> {
    try {
      return await this.made.tools!.call(name, typeof given === 'string' ? JSON.parse(given) : given);
    } catch (error) {
      return `The arguments are no JSON: ${(error as Error).message}`;
    }
  }

  private keep(messages: readonly ChatMessage[], usage: number): void {
    for (const message of messages) this.messages.push(message);
    this.usage += usage;
  }

  /** Leaves out old messages until there is room. @throws QuotaExceededError where what is new has none. */
  private async makeRoom(added: readonly ChatMessage[], spare: number): Promise<void> {
    const { model, window } = this.made;
    const needed = await usageOf(model, added);
    if (needed > window) throw quotaError(needed, window);
    const reserve = Math.min(spare, window >> 2);
    const isFull = () => this.usage + needed + reserve > window;
    while (isFull() && this.messages.length > this.nSystem) await this.forget(this.nOldest);
    if (this.usage + needed > window) throw quotaError(this.usage + needed, window); // the system message stays
  }

  private get nSystem(): number {
    return this.messages[0]?.role === 'system' ? 1 : 0;
  }

  /** Messages of the oldest exchange: a question, and all up to the next. Templates want user and assistant by turns. */
  private get nOldest(): number {
    const next = this.messages.findIndex(({ role }, i) => i > this.nSystem && role === 'user');
    return (next < 0 ? this.messages.length : next) - this.nSystem;
  }

  private async forget(nMessages: number): Promise<void> {
    const left = this.messages.splice(this.nSystem, nMessages);
    if (left.length === 0) return;
    this.usage -= await usageOf(this.made.model, left);
    this.onOverflow();
  }
}

/** A conversation, with an answer that has begun: tokens, because templates close what was said. */
async function begun(model: Model, conversation: Prompt, prefix: string): Promise<number[]> {
  const tokens = await model.tokenize(conversation);
  return [...tokens, ...(await model.tokenize({ text: prefix }))];
}

const isRegexp = (constraint: object): constraint is RegExp =>
  Object.prototype.toString.call(constraint) === '[object RegExp]';

/** @throws TypeError for what is neither; NotSupportedError for flags that change what an expression means. */
function constraintOf(constraint: object | undefined): object {
  if (constraint === undefined) return {};
  if (typeof constraint !== 'object' || constraint === null)
    throw new TypeError(`responseConstraint is ${typeof constraint}, expected a JSON schema or a regular expression`);
  if (!isRegexp(constraint)) return { schema: constraint };
  const flag = /[ims]/.exec(constraint.flags)?.[0];
  if (flag !== undefined)
    throw new DOMException(`responseConstraint has the flag ${flag}; write what it means into it`, 'NotSupportedError');
  return { regexp: constraint.source };
}

/** Messages, with the constraint behind the last of them unless it shall be left out. */
function told(messages: readonly ChatMessage[], options: PromptOptions | undefined): readonly ChatMessage[] {
  const { responseConstraint: constraint, omitResponseConstraintInput } = options ?? {};
  if (constraint === undefined || omitResponseConstraintInput || isRegexp(constraint)) return messages;
  const last = messages.at(-1);
  if (last?.role !== 'user') return messages;
  const hint = `Answer with JSON of this schema: ${JSON.stringify(constraint)}`;
  return [...messages.slice(0, -1), { ...last, content: `${last.content as string}\n\n${hint}` }];
}
