/** Answers as Ollama tells them: pieces, then figures; or all at once. */
import type { GenerateResult, ScoredToken } from '../../protocol/generation.ts';
import { wholeOf, type Answering, type WholeCall } from '../answer.ts';
import type { Context } from '../context.ts';
import { json, ndjson } from '../respond.ts';
import { logProbEntries } from '../openai/log_probs.ts';
import type { Held } from '../served.ts';
import { createdAt, doneOf } from './options.ts';

/** How a route says what was said: as a message, or as a response. */
export interface Telling {
  readonly held: Held;
  readonly startMs: number;
  readonly isStream: boolean;
  readonly isScored: boolean;
  said(said: { readonly text: string; readonly thinking: string; readonly calls: readonly WholeCall[] }): object;
}

export async function tell(context: Context, answering: Answering, telling: Telling): Promise<Response> {
  if (telling.isStream) return context.stream(lines(answering, telling), ndjson);
  const { held, startMs, said } = telling;
  const whole = await wholeOf(answering);
  const { scored, result } = whole;
  const calls = wholeCalls(whole.calls, result);
  return json({
    ...head(held),
    ...said({ ...whole, calls }),
    ...doneOf(result, startMs),
    ...(await logprobs(telling, scored)),
  });
}

/** Those that came to their end: an object cannot say that it was cut. */
function wholeCalls<Call extends WholeCall>(calls: readonly Call[], { toolCalls = [] }: GenerateResult): Call[] {
  const ids = new Set(toolCalls.map(({ id }) => id));
  return calls.filter(({ id }) => ids.has(id));
}

const head = ({ name }: Held) => ({ model: name, created_at: createdAt() });

async function logprobs({ held, isScored }: Telling, scored: readonly ScoredToken[]) {
  return isScored ? { logprobs: await logProbEntries(held.model, scored) } : {};
}

/** Calls come whole, since their arguments are an object here. */
async function* lines(answering: Answering, telling: Telling): AsyncGenerator<object> {
  const { held, startMs, said } = telling;
  const calls: { id: string; name: string; arguments: string; index: number }[] = [];
  const nothing = { text: '', thinking: '', calls: [] };
  const line = async (more: object) => ({
    ...head(held),
    ...more,
    done: false,
    ...(await logprobs(telling, answering.takeScored())),
  });
  for await (const part of answering.parts) {
    if (part.type === 'tool_call') {
      const { index, id, name = '', arguments: args = '' } = part;
      const open = calls.find((call) => call.index === index);
      if (open) Object.assign(open, { name: open.name + name, arguments: open.arguments + args });
      else calls.push({ index, id, name, arguments: args });
    } else if (part.text !== '') yield await line(said({ ...nothing, [part.type]: part.text }));
  }
  const result = await answering.result;
  const whole = wholeCalls(calls, result);
  if (whole.length > 0) yield await line(said({ ...nothing, calls: whole }));
  yield {
    ...head(held),
    ...said(nothing),
    ...doneOf(result, startMs),
    ...(await logprobs(telling, answering.takeScored())),
  };
}

/** An object; what a model wrote that is no JSON object stands under one name. */
export function argumentsOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json === '' ? '{}' : json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // an answer that was cut
  }
  return { arguments: json };
}
