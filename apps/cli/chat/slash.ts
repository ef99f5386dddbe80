import { readFile, writeFile } from 'node:fs/promises';
import {
  FormatError,
  ResourceError,
  type Chat,
  type ChatMessage,
  type ChatOptions,
  type Model,
} from '../../../src/index.ts';
import { suggestion } from '../command.ts';
import { counted } from '../terminal.ts';

/** The state of a chat. */
export interface ChatState {
  readonly model: Model;
  readonly options: ChatOptions;
  chat: Chat;
  /** Sums over all answers since the chat was opened. */
  readonly totals: { answers: number; tokens: number; ms: number };
  /** Positions taken after the last answer. */
  nUsed: number;
  isLeaving: boolean;
}

/** The result of a command: a text to show, or a message to send. */
export interface SlashResult {
  readonly show?: string;
  readonly send?: string;
}

export interface SlashCommand {
  readonly name: string;
  readonly takes?: string;
  readonly help: string;
  run(state: ChatState, argument: string): SlashResult | Promise<SlashResult>;
}

export const slashCommands: readonly SlashCommand[] = [
  { name: '/help', help: 'these commands', run: () => ({ show: slashHelp() }) },
  { name: '/clear', help: 'forget the conversation, keep the system message', run: clear },
  { name: '/system', takes: 'TEXT', help: 'set the system message; without TEXT, show it', run: system },
  { name: '/regen', help: 'answer the last message again', run: regenerate },
  { name: '/save', takes: 'FILE', help: 'write the conversation to a JSON file', run: save },
  { name: '/load', takes: 'FILE', help: 'go on with a saved conversation', run: load },
  { name: '/stats', help: 'tokens, speed, and how full the context is', run: stats },
  { name: '/exit', help: 'leave, as Ctrl-D does', run: leave },
];

export const slashHelp = (): string =>
  slashCommands.map(({ name, takes = '', help }) => `  ${`${name} ${takes}`.padEnd(14)} ${help}`).join('\n');

/** Runs a line that starts with a slash. */
export async function runSlash(state: ChatState, line: string): Promise<SlashResult> {
  const [name = '', argument = ''] = line.trim().split(/\s+([^]*)/);
  const command = slashCommands.find((each) => each.name === name);
  if (command) return command.run(state, argument);
  const near = suggestion(
    name,
    slashCommands.map((each) => each.name),
  );
  return { show: `there is no command ${name}${near || '; /help shows them all'}` };
}

function clear({ chat }: ChatState): SlashResult {
  chat.clear();
  return { show: 'the conversation is forgotten' };
}

function leave(state: ChatState): SlashResult {
  state.isLeaving = true;
  return {};
}

function system({ chat }: ChatState, content: string): SlashResult {
  const { messages } = chat;
  const hasOne = messages[0]?.role === 'system';
  if (content === '') return { show: hasOne ? String(messages[0]!.content) : 'there is no system message' };
  messages.splice(0, hasOne ? 1 : 0, { role: 'system', content });
  return { show: 'the model is told so from the next message on' };
}

function regenerate({ chat }: ChatState): SlashResult {
  const { messages } = chat;
  const question = messages.at(-2);
  if (question?.role !== 'user' || typeof question.content !== 'string') return { show: 'there is no answer yet' };
  messages.splice(-2);
  return { send: question.content };
}

async function save({ chat, model }: ChatState, path: string): Promise<SlashResult> {
  if (path === '') return { show: 'which file? /save FILE' };
  const saved = { model: model.info.name, messages: chat.messages };
  await writeFile(path, `${JSON.stringify(saved, undefined, 2)}\n`).catch(failing('write', path));
  return { show: `saved ${chat.messages.length} messages to ${path}` };
}

async function load(state: ChatState, path: string): Promise<SlashResult> {
  if (path === '') return { show: 'which file? /load FILE' };
  const messages = parseSaved(await readFile(path, 'utf8').catch(failing('read', path)), path);
  await state.chat.close();
  state.chat = state.model.chat({ ...state.options, system: undefined, messages });
  return { show: `going on after ${messages.length} messages from ${path}` };
}

function parseSaved(json: string, path: string): ChatMessage[] {
  let messages: unknown;
  try {
    messages = (JSON.parse(json) as { messages?: unknown } | null)?.messages;
  } catch (cause) {
    throw new FormatError(`${path} is not JSON; give a file that /save wrote`, { cause });
  }
  const isMessage = (message: Partial<ChatMessage> | null) =>
    typeof message?.role === 'string' && typeof message.content === 'string';
  if (Array.isArray(messages) && messages.every(isMessage)) return messages as ChatMessage[];
  throw new FormatError(`${path} has no list of messages with role and content; give a file that /save wrote`);
}

function stats({ chat, model, totals, nUsed }: ChatState): SlashResult {
  const { nCtx } = model.info;
  const rate = totals.ms > 0 ? `, ${((1000 * totals.tokens) / totals.ms).toFixed(1)} tok/s` : '';
  const forgotten = chat.nForgotten > 0 ? `, the oldest ${chat.nForgotten} left out` : '';
  return {
    show: [
      `${totals.answers} answers, ${counted(totals.tokens)} tokens${rate}`,
      `context ${counted(Math.min(nUsed, nCtx))} of ${counted(nCtx)} positions (${Math.min(100, Math.round((100 * nUsed) / nCtx))} %)`,
      `conversation of ${chat.messages.length} messages${forgotten}`,
    ].join('\n'),
  };
}

function failing(doing: string, path: string): (cause: unknown) => never {
  return (cause) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ResourceError(`cannot ${doing} ${path}: ${why}`, { cause });
  };
}
