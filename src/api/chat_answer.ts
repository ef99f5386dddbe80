import { given } from '../base/checks.ts';
import { randomSeed } from '../base/numbers.ts';
import { withoutOldest } from '../chat/instructions.ts';
import type { GenerateResult } from '../protocol/generation.ts';
import type { ConversationPrompt } from '../protocol/open.ts';
import { conversationOf, messagesOf } from './arguments.ts';
import type { CallSite } from './call_site.ts';
import { readNote, type Begun, type Note } from './chat_note.ts';
import { both, jsonOf, type Generation, type Said } from './generation.ts';
import type { Asked } from './model_session.ts';
import type { SaveSessionOptions } from './option_types.ts';
import type { Asking, Question, Talk } from './talk.ts';
import { tick } from '#platform';

/** Answers a question. */
export async function ask(talk: Talk, { question, adapters, tools }: Question, call: Asking): Promise<GenerateResult> {
  if (call.options.tools) {
    const begin = (how: Asking, tools: Question['tools']) => ask(talk, { question, adapters, tools: tools! }, how);
    return (await import('./tool_loop.ts')).askWithTools(talk, { adapters, begin }, call, ask);
  }
  const { schema, tools: _, maxRounds: __, ...others } = call.options;
  const plain = schema === undefined || schema === null ? others : { ...others, schema: await jsonOf(schema) };
  const asking = { ...call, options: plain };
  const options = { ...plain, seed: plain.seed ?? randomSeed() };
  const begun = { question, options, adapters, tools, nLeftOut: talk.nLeftOut, isThere: false, isSaid: false };
  return answered(talk, begun, asking, () => first(talk, begun, asking));
}

/** Goes on with the answer that was begun. */
export async function goOn(talk: Talk, asking: Asking): Promise<GenerateResult> {
  const { begun, messages } = talk;
  if (!begun) throw new TypeError('no answer can go on here; one can that something else than the model ended');
  if (begun.isSaid && messages.at(-2) !== begun.question)
    throw new TypeError('messages came behind the answer that should go on; send the question again');
  const { tools, maxRounds: _, ...options } = asking.options;
  const plain = { ...asking, options };
  if (tools) {
    const rounds = { ...asking, options: { ...begun.options, ...given(asking.options) } }; // of those behind this answer
    const begin = ({ sink }: Asking) => goOn(talk, { ...plain, sink });
    return (await import('./tool_loop.ts')).askWithTools(talk, { adapters: begun.adapters, begin }, rounds, ask);
  }
  return answered(talk, begun, plain, () => again(talk, begun, plain));
}

/** An answer under way; by itself a promise would wait for its end. */
interface Making {
  readonly answer: Generation<Said>;
}

/** From its beginning. */
async function first(talk: Talk, begun: Begun, asking: Asking): Promise<Making> {
  const { templateVars: _, ...options } = { ...begun.options, ...given(asking.options) };
  const prompt = promptTo(talk, begun);
  await tick(); // a conversation of ten thousand messages is work for several tasks of a page
  const how = asked(talk, begun, asking);
  await tick();
  return { answer: talk.session.start(prompt, options, how) };
}

/** Once more, and on: what the session knows of it, or was saved of it, else from its beginning. */
async function again(talk: Talk, begun: Begun, asking: Asking): Promise<Making> {
  if (!begun.isThere || !talk.session.isThere) return first(talk, begun, asking); // the same seed: the same text
  const prompt = begun.options.onFull === 'shift' ? promptTo(talk, begun) : undefined;
  return { answer: talk.session.goOn(prompt, { ...asking.options, whole: true }, asked(talk, begun, asking)) };
}

/** A question, with the messages before it that are still sent. */
function promptTo(talk: Talk, { question, options, tools, nLeftOut, isSaid }: Begun): ConversationPrompt {
  const before = isSaid ? talk.messages.slice(0, -2) : talk.messages;
  const messages = messagesOf([...withoutOldest(before, nLeftOut), question]);
  return conversationOf({ ...talk.context, ...(tools && { tools }), messages, templateVars: options.templateVars });
}

function asked(talk: Talk, begun: Begun, { site, signal, sink, onSave }: Asking): Asked<Said> {
  const onPrefill = (nDone: number, nTotal: number) => {
    begun.isThere = true;
    sink.prefill(nDone, nTotal);
  };
  const saving = onSave && { note: noteOf(talk, { ...begun, isThere: true }), onSave };
  return { site, telling: both, adapters: begun.adapters, signal, onPrefill, onLogProbs: sink.scored, saving };
}

async function answered(
  talk: Talk,
  begun: Begun,
  asking: Asking,
  make: () => Promise<Making>,
): Promise<GenerateResult> {
  const { nClears, session } = talk;
  talk.begun = begun;
  talk.isAnswering = true;
  try {
    const { answer } = await make();
    const { heard, result } = await hear(answer, begun, asking);
    if (nClears === talk.nClears) keep(talk, begun, heard, result);
    const { onSave, site } = asking;
    if (onSave) await session.saved({ state: 'auto' }, noteOf(talk, talk.begun), site).then(onSave, () => undefined);
    return result;
  } catch (error) {
    if (session.isOpen && talk.begun === begun) talk.begun = undefined; // nothing was lost: there can be none
    throw error;
  } finally {
    talk.isAnswering = false;
  }
}

interface Heard {
  readonly thinking: string;
  readonly text: string;
}

/** Hands an answer on while it comes. */
async function hear(answer: Generation<Said>, begun: Begun, { sink, signal }: Asking) {
  const heard = { thinking: '', text: '' };
  try {
    for await (const said of answer) {
      begun.isThere = true;
      for (const part of said.parts) if (part.type !== 'tool_call') heard[part.type] += part.text;
      sink.said(said);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return { heard, result: await answer.result };
}

/** An answer has ended, or was stopped: it becomes part of the conversation. */
function keep(talk: Talk, begun: Begun, { thinking, text }: Heard, result: GenerateResult): void {
  const { stopReason, nForgotten, toolCalls = [] } = result;
  if (stopReason === 'eos') talk.begun = undefined;
  if (text === '' && thinking === '' && toolCalls.length === 0 && stopReason === 'abort') return;
  if (begun.isSaid) talk.messages.splice(-2);
  const thought = thinking === '' ? {} : { reasoningContent: thinking };
  const calls = toolCalls.length === 0 ? {} : { toolCalls };
  talk.messages.push(begun.question, { role: 'assistant', content: text, ...thought, ...calls });
  begun.isSaid = true;
  talk.nLeftOut = begun.nLeftOut + nForgotten;
}

/** The conversation as bytes. An answer under way may not have begun yet: then it is saved as one that has not. */
export function saved(talk: Talk, state: SaveSessionOptions['state'], site: CallSite) {
  return talk.session.saved({ state: talk.isAnswering ? false : state }, noteOf(talk, talk.begun), site);
}

export async function restore(talk: Talk, bytes: Uint8Array | ArrayBuffer | Blob, site: CallSite): Promise<void> {
  const { messages, nLeftOut, begun } = readNote(await talk.session.restored(bytes, site));
  talk.messages.length = 0;
  for (const message of messages) talk.messages.push(message);
  talk.nLeftOut = nLeftOut;
  talk.begun = begun;
}

function noteOf({ messages, nLeftOut }: Talk, begun: Begun | undefined): string {
  return JSON.stringify({ messages, nLeftOut, begun } satisfies Note);
}
