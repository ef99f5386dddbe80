/**
 * How a conversation with tools is put into a template's words. Templates differ in what they take: calls with a content or without one,
 * several in a message or one, arguments as data or as text; some pass over calls, or over tools. What a template does with a conversation
 * that nobody had is looked at once, and the first way in which nothing gets lost is taken.
 */
import type { ChatMessage, Conversation, ToolDefinition } from '../conversation.ts';
import type { Segment } from '../jinja/text.ts';
import type { ChatTemplate } from '../template.ts';
import type { ToolFormat } from './format.ts';
import { formatOf } from './formats.ts';
import { generic } from './value_formats.ts';
import { parsed } from './json_text.ts';
import { spacedJson, spelled, type DoneCall } from './spelled.ts';

/** What a template is given for what it does not take as it is. */
interface Manner {
  /** Of a message with calls that says nothing. */
  readonly content: '' | null | undefined;
  /** Arguments are JSON text. */
  readonly isText: boolean;
  /** Each call has a message of its own, with its result behind it. */
  readonly isSingle: boolean;
  /** Calls stand in the content, spelled as the model writes them. */
  readonly isSpelled: boolean;
  /** The role of results. */
  readonly results: 'tool' | 'user';
}

const asIs: Manner = { content: '', isText: false, isSingle: false, isSpelled: false, results: 'tool' };

const manners: readonly Manner[] = [
  ...[false, true].flatMap((isSingle) =>
    ([undefined, '', null] as const).flatMap((content) =>
      [false, true].map((isText): Manner => ({ ...asIs, content, isText, isSingle })),
    ),
  ),
  { ...asIs, isSpelled: true },
];
const lastManner: Manner = { ...asIs, isSpelled: true, results: 'user' };

/** How a model is told of tools, calls and results. */
export class Telling {
  readonly format: ToolFormat;
  private readonly template: ChatTemplate;
  /** The template takes tools; or it writes calls in a spelling of its own, and whoever wrote it tells tools elsewhere. */
  private readonly readsTools: boolean = true;
  private readonly manner: Manner;
  private readonly hasSystem: boolean;
  /** The id that a template takes for the nth call of a conversation. */
  private readonly idOf: IdOf = ({ id }) => id;

  /** @param isToken whether a text is a token of the vocabulary by itself */
  constructor(template: ChatTemplate, isToken: (text: string) => boolean) {
    this.template = template;
    const format = formatOf({ template: template.source, isToken });
    this.format = format;
    const takesTools = template.reads('tools') && this.renders([asked], ['qTold']);
    this.readsTools = takesTools || (format === generic && this.renders(probe, ['qOne']));
    if (!this.readsTools) this.format = generic;
    const hasShortIds = /length\s*\)?\s*[!=]=\s*9/.test(template.source); // Mistral's refuse other ids
    this.idOf = hasShortIds ? shortId : this.format.name === 'kimi-k2' ? kimiId : this.idOf;
    this.hasSystem = this.readsTools || this.renders([{ role: 'system', content: 'qSystem' }, asked], ['qSystem']);
    const best = takesTools ? manners.find((manner) => this.losesNothing(manner)) : undefined;
    this.manner = best ?? (this.readsTools && !takesTools ? manners[0]! : lastManner);
  }

  /** The segments of a conversation, as its template writes it. `render` gets what the template takes. */
  segments(conversation: Conversation, render: (conversation: Conversation) => readonly Segment[]): Segment[] {
    return this.put(conversation, this.manner, render);
  }

  private put(
    { messages, tools, ...others }: Conversation,
    manner: Manner,
    render: (conversation: Conversation) => readonly Segment[],
  ): Segment[] {
    const places = new Places();
    const named = withNames(messages, this.idOf);
    const put = manner.isSingle ? oneByOne(named) : named;
    const told = put.map((message) => this.message(message, manner, places));
    const merged = manner.results === 'user' ? resultsTogether(told) : told;
    const whole = tools?.map(wholeDefinition);
    const isTold = whole === undefined || whole.length === 0 || this.readsTools;
    const all = isTold ? merged : withSystem(merged, systemText(whole), this.hasSystem);
    return places.filled(render({ ...others, messages: all, ...(this.readsTools && whole && { tools: whole }) }));
  }

  private message(message: ToldMessage, manner: Manner, places: Places): ChatMessage {
    if (message.role === 'tool' && manner.results === 'user')
      return { role: 'user', content: responseText(message), isResult: true };
    if (this.format.shape.kind === 'message') return this.harmonyMessage(message, manner, places);
    return this.withCalls(message, manner, places);
  }

  /** gpt-oss's template writes results as texts of JSON, and refuses thoughts and words beside a call; OpenAI's library does neither. */
  private harmonyMessage(message: ToldMessage, manner: Manner, places: Places): ChatMessage {
    const { role, content, calls } = message;
    if (role === 'tool' && typeof content === 'string')
      return { ...message, content: places.add([{ text: content, trusted: false }], { isQuoted: true }) };
    const { reasoningContent, reasoning_content, thinking, reasoning, content: _, ...rest } = message;
    const thought = reasoningContent ?? reasoning_content ?? thinking ?? reasoning;
    const saysBoth = [thought, content].every((text) => typeof text === 'string' && text !== '');
    if (calls === undefined || !saysBoth) return this.withCalls(message, manner, places);
    const preamble = '<|end|><|start|>assistant<|channel|>commentary<|message|>';
    const place = places.add([
      { text: preamble, trusted: true },
      { text: content as string, trusted: false },
    ]);
    return this.withCalls({ ...rest, reasoningContent: `${thought as string}${place}` }, manner, places);
  }

  private withCalls({ calls, ...rest }: ToldMessage, manner: Manner, places: Places): ChatMessage {
    if (calls === undefined) return rest;
    const said = typeof rest.content === 'string' && rest.content.trim() !== '' ? rest.content : undefined;
    if (manner.isSpelled) {
      const content = `${said === undefined ? '' : `${said}\n`}${places.add(spelled(calls, this.format))}`;
      return { ...rest, content };
    }
    const { content: _, ...without } = rest;
    const content = said ?? manner.content;
    return {
      ...without,
      ...(content !== undefined && { content }),
      tool_calls: calls.map(({ id, name, arguments: args }) => ({
        ...(id !== undefined && { id }),
        type: 'function',
        function: { name, arguments: manner.isText ? textOf(args) : args },
      })),
    };
  }

  private losesNothing(manner: Manner): boolean {
    const wanted = manner.isSingle ? ['qOne', 'qValueOne', 'qResultOne', 'qTwo', 'qValueTwo'] : allOfIt;
    return this.renders(probe, wanted, manner);
  }

  private renders(messages: readonly ChatMessage[], wanted: readonly string[], manner = asIs): boolean {
    try {
      const render = (conversation: Conversation) =>
        this.template.renderSegments({ ...conversation, addGenerationPrompt: true, bosToken: '', eosToken: '' });
      const segments = this.put({ messages, ...(this.readsTools && { tools: probeTools }) }, manner, render);
      const text = segments.map((segment) => segment.text).join('');
      return wanted.every((part) => text.includes(part));
    } catch {
      return false; // a template at fault says so when it is asked for an answer
    }
  }
}

const asked: ChatMessage = { role: 'user', content: 'qAsked' };
const probe: readonly ChatMessage[] = [
  asked,
  {
    role: 'assistant',
    content: null,
    toolCalls: [
      { id: 'call00001', name: 'qOne', arguments: { key: 'qValueOne' } },
      { id: 'call00002', name: 'qTwo', arguments: { key: 'qValueTwo' } },
    ],
  },
  { role: 'tool', toolCallId: 'call00001', content: 'qResultOne' },
  { role: 'tool', toolCallId: 'call00002', content: 'qResultTwo' },
];
const allOfIt = ['qOne', 'qValueOne', 'qTwo', 'qValueTwo', 'qResultOne', 'qResultTwo'];
const probeTools: readonly ToolDefinition[] = ['qOne', 'qTwo', 'qTold'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: 'q',
    parameters: { type: 'object', properties: { key: { type: 'string', description: 'q' } }, required: ['key'] },
  },
}));

/** A message whose calls are data. */
type ToldMessage = ChatMessage & { readonly calls?: readonly DoneCall[] };

type IdOf = (call: { readonly id: string; readonly name: string }, n: number) => string;
const shortId: IdOf = ({ id }, n) => (/^[a-z\d]{9}$/i.test(id) ? id : `call${String(n).padStart(5, '0')}`);
const kimiId: IdOf = ({ id, name }, n) => (/^functions\..+:\d+$/.test(id) ? id : `functions.${name}:${n}`);

/** Calls as data, under one name; results with the name of their tool, which some templates read. */
function withNames(messages: readonly ChatMessage[], idOf: IdOf): ToldMessage[] {
  const known = new Map<string, { readonly name: string; readonly id: string }>();
  const named = ({ id, name, ...rest }: DoneCall): DoneCall => {
    if (id === undefined) return { id, name, ...rest };
    const own = idOf({ id, name }, known.size);
    known.set(id, { name, id: own });
    return { id: own, name, ...rest };
  };
  return messages.map((message) => {
    const { toolCalls, tool_calls: openAi, toolCallId, tool_call_id: id = toolCallId, ...rest } = message;
    const calls = callsOf(toolCalls ?? openAi)?.map(named);
    const call = typeof id === 'string' ? (known.get(id) ?? { id }) : {};
    const name = message.role === 'tool' && 'name' in call ? call.name : undefined;
    return {
      ...(name !== undefined && { name }),
      ...rest,
      ...('id' in call && { tool_call_id: call.id }),
      ...(calls && { calls }),
    };
  });
}

/** Calls as thimble has them, or as OpenAI does. */
function callsOf(calls: unknown): DoneCall[] | undefined {
  if (!Array.isArray(calls) || calls.length === 0) return undefined;
  return calls.map((call: Record<string, unknown>) => {
    const { name, arguments: args } = (call.function ?? call) as Record<string, unknown>;
    const value = typeof args === 'string' ? (args.trim() === '' ? {} : (parsed(args) ?? args)) : (args ?? {});
    return { id: typeof call.id === 'string' ? call.id : undefined, name: String(name), arguments: value };
  });
}

const textOf = (args: unknown): string => (typeof args === 'string' ? args : spacedJson(args));

/** Each call in a message of its own, with what came of it behind it. */
function oneByOne(messages: readonly ToldMessage[]): ToldMessage[] {
  const put: ToldMessage[] = [];
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]!;
    if ((message.calls?.length ?? 0) < 2) {
      put.push(message);
      continue;
    }
    let end = i + 1;
    while (messages[end]?.role === 'tool') end++;
    const results = messages.slice(i + 1, end);
    for (const [n, call] of message.calls!.entries()) {
      const of = results.find((result) => result.tool_call_id === call.id) ?? results[n];
      put.push({ ...(n > 0 ? silent(message) : message), calls: [call] });
      if (of) put.push(of);
    }
    i = end - 1;
  }
  return put;
}

/** A message's words and thoughts stand before its first call. */
const silent = ({ reasoningContent: _, reasoning_content: __, thinking: ___, reasoning: ____, ...rest }: ToldMessage): ToldMessage => ({ ...rest, content: null }); // prettier-ignore

/** Results that are told as a user's message stand in one: templates want roles to take turns. */
function resultsTogether(messages: readonly ChatMessage[]): ChatMessage[] {
  const put: ChatMessage[] = [];
  for (const { isResult, ...message } of messages) {
    const last = put.at(-1);
    if (isResult === true && last?.isResult === true)
      put[put.length - 1] = { ...last, content: `${last.content as string}\n${message.content as string}` };
    else put.push({ ...(message as ChatMessage), ...(isResult === true && { isResult }) });
  }
  return put.map(({ isResult: _, ...message }) => message as ChatMessage);
}

/** A result as data: whatever it holds cannot close the tag around it. */
function responseText({ name, content }: ChatMessage): string {
  const result = { ...(typeof name === 'string' && { name }), content };
  return `<tool_response>\n${spacedJson(result).replaceAll('<', '\\u003c')}\n</tool_response>`;
}

/** Definitions with all that templates read. */
function wholeDefinition(definition: ToolDefinition): ToolDefinition {
  const { function: inner, ...others } = definition.function ? definition : { type: 'function', function: definition };
  const { name, description = '', parameters = { type: 'object', properties: {} }, ...rest } = inner as ToolDefinition;
  return { ...others, function: { name, description, parameters, ...rest } };
}

/** What tells a model of tools that was not trained for them. */
const systemText = (tools: readonly ToolDefinition[]): string =>
  `You can call these tools:
<tools>
${tools.map((tool) => spacedJson(tool.function)).join('\n')}
</tools>

To call one, write its name and its arguments as JSON, and nothing behind it:
<tool_call>
{"name": "name of the tool", "arguments": {"name of an argument": "its value"}}
</tool_call>

Its result comes in the next message, between <tool_response> and </tool_response>. Call a tool only where you need it; otherwise answer in plain words.`;

function withSystem(messages: readonly ChatMessage[], text: string, hasSystem: boolean): ChatMessage[] {
  const [first, ...rest] = messages;
  const isSystem = first?.role === 'system' || first?.role === 'developer';
  if (isSystem && typeof first.content === 'string') return [{ ...first, content: `${first.content}\n\n${text}` }, ...rest]; // prettier-ignore
  if (hasSystem) return [{ role: 'system', content: text }, ...messages];
  const at = messages.findIndex(({ role, content }) => role === 'user' && typeof content === 'string');
  return messages.map((message, i) => (i === at ? { ...message, content: `${text}\n\n${String(message.content)}` } : message)); // prettier-ignore
}

/** Holds places in texts for segments: templates join texts, and what is to become a control token has to go around them. */
class Places {
  private readonly held: { readonly place: string; readonly segments: readonly Segment[]; isQuoted: boolean }[] = [];
  private readonly key = Math.random().toString(36).slice(2, 10).padEnd(8, 'q');

  /** @param isQuoted quotes around the place are no part of it */
  add(segments: readonly Segment[], { isQuoted = false }: { readonly isQuoted?: boolean } = {}): string {
    const place = `qq${this.key}n${this.held.length}qq`;
    this.held.push({ place, segments, isQuoted });
    return place;
  }

  filled(rendered: readonly Segment[]): Segment[] {
    let all = [...rendered];
    for (const { place, segments, isQuoted } of this.held)
      for (const found of isQuoted ? [`"${place}"`, place] : [place])
        all = all.flatMap((segment) => replaced(segment, found, segments));
    return all;
  }
}

function replaced(segment: Segment, place: string, by: readonly Segment[]): readonly Segment[] {
  const { text, trusted } = segment;
  return text
    .split(place) // a template may print a content more than once
    .flatMap((part, i): Segment[] => [...(i > 0 ? by : []), ...(part === '' ? [] : [{ text: part, trusted }])]);
}
