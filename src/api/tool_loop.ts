/** Answers with tools that are run here: the model is asked again with what they return, until it answers in words. */
import { asError } from '../base/errors.ts';
import { checkWhole, kindOf } from '../base/checks.ts';
import { orAborted } from '../base/signals.ts';
import type { ChatMessage, ToolDefinition } from '../chat/conversation.ts';
import type { AnswerPart } from '../chat/parts.ts';
import type { MadeCall } from '../chat/tools/done_calls.ts';
import type { GenerateResult, ToolRun } from '../protocol/generation.ts';
import type { Sink } from './generation.ts';
import type { RunnableTool, ToolSet } from './option_types.ts';
import { checked, jsonOf } from './schemed.ts';
import type { Asking, Question, Talk } from './talk.ts';

const MAX_ROUNDS = 8;

/** Answers a question without tools that are run. */
type Ask = (talk: Talk, question: Question, call: Asking) => Promise<GenerateResult>;

/** What comes first: the answer to a question, or the rest of one. */
interface First {
  readonly adapters: Question['adapters'];
  begin(call: Asking, tools: readonly ToolDefinition[]): Promise<GenerateResult>;
}

/** All rounds of calls are one answer. */
export async function askWithTools(talk: Talk, first: First, call: Asking, ask: Ask): Promise<GenerateResult> {
  const { tools: set, maxRounds = MAX_ROUNDS, ...options } = call.options;
  checkWhole('maxRounds', maxRounds, { min: 1 });
  const runnable = toolsOf(set);
  const tools = definitionsOf(runnable);
  const { nClears } = talk;
  const { adapters } = first;
  let nMessages = talk.messages.length;
  const joined = new Joined(call.sink);
  const how = (toolChoice: typeof options.toolChoice) => ({ ...call, sink: joined.next(), options: { ...options, toolChoice } }); // prettier-ignore
  try {
    let result = joined.add(await first.begin(how(options.toolChoice), tools));
    if (isToRun(result, runnable)) nMessages = talk.messages.length - 2; // without the question, and the calls
    for (let n = 1; isToRun(result, runnable); n++) {
      const runs = await Promise.all(result.toolCalls!.map((made) => run(made, runnable, call.signal)));
      const messages = joined.ran(runs);
      if (nClears !== talk.nClears) return joined.result(result);
      const last = messages.pop()!;
      for (const message of messages) talk.messages.push(message);
      if (call.signal.aborted) {
        talk.messages.push(last); // a call without a result is none that templates know
        return joined.result({ ...result, stopReason: 'abort' });
      }
      result = joined.add(await ask(talk, { question: last, adapters, tools }, how(n < maxRounds ? 'auto' : 'none')));
      if (nClears !== talk.nClears || talk.messages.includes(last)) continue;
      talk.messages.push(last); // the answer was stopped before it said anything
      talk.begun = undefined;
    }
    return joined.result(result);
  } catch (error) {
    if (nClears === talk.nClears) talk.messages.length = nMessages; // one that failed leaves no trace
    throw error;
  }
}

/** Whether all that it calls can be run here. */
const isToRun = ({ toolCalls = [], stopReason }: GenerateResult, tools: ReadonlyMap<string, RunnableTool>): boolean =>
  toolCalls.length > 0 &&
  (stopReason === 'eos' || stopReason === 'stop') &&
  toolCalls.every(({ name }) => !tools.has(name) || tools.get(name)!.run !== undefined);

/** @throws TypeError for what is no set of tools */
function toolsOf(set: ToolSet | undefined): Map<string, RunnableTool> {
  const isSet = typeof set === 'object' && set !== null && !Array.isArray(set);
  if (!isSet) throw new TypeError(`tools is ${kindOf(set)}, expected { name: { description, schema, run } }`);
  for (const [name, tool] of Object.entries(set)) {
    if (typeof tool !== 'object' || tool === null)
      throw new TypeError(`tools.${name} is ${kindOf(tool)}, expected { description, schema, run }`);
    if (tool.run !== undefined && typeof tool.run !== 'function')
      throw new TypeError(`tools.${name}.run is ${kindOf(tool.run)}, expected a function that gets the arguments`);
  }
  return new Map(Object.entries(set));
}

const definitionsOf = (tools: ReadonlyMap<string, RunnableTool>): ToolDefinition[] =>
  [...tools].map(([name, { description, schema }]) => ({
    type: 'function',
    function: {
      name,
      ...(description !== undefined && { description }),
      ...(schema !== undefined && { parameters: jsonOf(schema) }),
    },
  }));

/** Runs a call. What is thrown is told as a result. */
async function run(call: MadeCall, tools: ReadonlyMap<string, RunnableTool>, signal: AbortSignal): Promise<ToolRun> {
  const { id, name, arguments: args } = call;
  try {
    signal.throwIfAborted();
    const tool = tools.get(name);
    if (!tool) throw new RangeError(`there is no tool ${name}; there are ${[...tools.keys()].join(', ')}`);
    if (typeof args === 'string') throw new TypeError(`the arguments are no JSON object: ${args}`);
    const value = tool.schema === undefined ? args : await checked(args, tool.schema);
    // a tool that does not look at its signal holds nothing up
    const returned: unknown = await orAborted(Promise.resolve(tool.run!(value as Record<string, unknown>, { id, name, signal })), signal); // prettier-ignore
    return { id, name, arguments: args, content: typeof returned === 'string' ? returned : (JSON.stringify(returned) ?? 'null') }; // prettier-ignore
  } catch (thrown) {
    const error = asError(thrown);
    return { id, name, arguments: args, content: `Error: ${error.message}`, error };
  }
}

/** The rounds of an answer as one: texts with an empty line between them, calls counted through. */
class Joined {
  private readonly sink: Sink;
  private readonly results: GenerateResult[] = [];
  private readonly runs: ToolRun[] = [];
  private nCalls = 0;
  /** Something was said in rounds before: at all, and as text. */
  private hasSaid = { text: false, part: false };

  constructor(sink: Sink) {
    this.sink = sink;
  }

  /** Takes the next round. */
  next(): Sink {
    const before = { ...this.hasSaid };
    const { nCalls } = this;
    const gap = (kind: 'text' | 'part', text: string): string => {
      if (text === '') return '';
      this.hasSaid[kind] = true;
      const is = before[kind];
      before[kind] = false;
      return is ? '\n\n' : '';
    };
    const told = (part: AnswerPart): AnswerPart => {
      if (part.type === 'tool_call') {
        this.nCalls = Math.max(this.nCalls, nCalls + part.index + 1);
        return { ...part, index: nCalls + part.index };
      }
      return part.type === 'text' ? { ...part, text: gap('part', part.text) + part.text } : part;
    };
    return {
      ...this.sink,
      said: ({ text, parts }) => this.sink.said({ text: gap('text', text) + text, parts: parts.map(told) }),
    };
  }

  add(result: GenerateResult): GenerateResult {
    this.results.push(result);
    return result;
  }

  /** What came of calls, as the model is told. */
  ran(runs: readonly ToolRun[]): ChatMessage[] {
    for (const each of runs) this.runs.push(each);
    return runs.map(({ id, name, content }) => ({ role: 'tool', name, toolCallId: id, content }));
  }

  result(last: GenerateResult): GenerateResult {
    const { results } = this;
    const text = results.map((result) => result.text).filter((each) => each !== '').join('\n\n'); // prettier-ignore
    const logProbs = results.flatMap((result) => result.logProbs ?? []);
    return {
      ...last,
      text,
      tokens: results.flatMap((result) => result.tokens),
      ...(last.logProbs && { logProbs }),
      toolRuns: this.runs,
    };
  }
}
