/** Questions and answers: sending, streaming, stopping, making again. */
import { computed, signal } from '@preact/signals';
import type { GenerateResult, SamplerOptions } from 'thimble';
import { errorLine, troubleOf } from '../app/troubles.ts';
import { answer, engine, engineKey, whenReady, type Asked } from '../models/engine.ts';
import { newId, pathTo } from '../storage/index.ts';
import type { AnswerEnd, AnswerWriter, Message, SourcePlace } from '../storage/index.ts';
import { keepAttached, passagesFor } from './attachments.ts';
import * as conversations from './conversations.ts';
import { createSpeaker, notify } from './notices.ts';
import { currentPersona } from './personas.ts';
import { maxTokens, sampler, seedText } from './presets.ts';
import { promptOf } from './prompt.ts';
import { thinks } from './settings.ts';
import { stopTitle, writeTitle } from './titles.ts';
import { maySleep, stayAwake } from './wake_lock.ts';

/** The answer that is being made. */
export interface Writing {
  readonly id: string;
  readonly conversationId: string;
  readonly phase: 'opening' | 'searching' | 'reading' | 'thinking' | 'writing';
  readonly text: string;
  readonly thinking: string;
  /** Tokens of the prompt that are read, of those that are to be. */
  readonly nRead: number;
  readonly nToRead: number;
  readonly nPieces: number;
  readonly firstAt: number;
  readonly thoughtMs: number;
}

export const writing = signal<Writing | null>(null);

/** Which answer that is: it changes twice an answer, `writing` changes with each word. */
export const writingId = computed(() => writing.value?.id);

/** Between a press and its answer, while the question is stored: another press does nothing. */
const isPreparing = signal(false);

let stopper: AbortController | undefined;

/** The answer that the engine can go on with, because it is what it made last. */
let resumable: string | undefined;

engine.subscribe(({ type }) => {
  if (type !== 'ready') resumable = undefined;
});

const busy = computed(() => isPreparing.value || writingId.value !== undefined);

export const isBusy = (): boolean => busy.value;

export async function send(text: string): Promise<void> {
  if (text === '') return;
  await prepare(async () => {
    const before = conversations.messages.value; // the reader may go to another conversation meanwhile
    const conversation = await conversations.ensure(text);
    const documentIds = await keepAttached(conversation.id);
    const plain = messageOf('user', conversation.leafId, { text, conversationId: conversation.id });
    const question = documentIds.length > 0 ? { ...plain, documentIds } : plain;
    await conversations.put(question);
    return { question, among: [...before, question] };
  });
}

/** A question in other words, beside the old one. */
export async function edit(message: Message, text: string): Promise<void> {
  await prepare(async () => {
    const before = conversations.messages.value;
    const { conversationId, documentIds } = message;
    const plain = messageOf('user', message.parentId, { text, conversationId });
    const question = documentIds ? { ...plain, documentIds } : plain;
    await conversations.put(question);
    return { question, among: [...before, question] };
  });
}

/** Another answer to the same question, beside the old one. */
export async function regenerate(message: Message): Promise<void> {
  const question = conversations.messages.value.find(({ id }) => id === message.parentId);
  if (question && !isBusy()) await answerTo(question, { isAgain: true });
}

/** An answer that failed before it said anything gives way to the next try. */
export async function retry(message: Message): Promise<void> {
  const among = conversations.messages.value;
  const question = among.find(({ id }) => id === message.parentId);
  if (!question) return;
  await prepare(async () => {
    if (message.text === '' && !message.thinking) await conversations.removeMessage(message);
    return { question, among };
  });
}

interface Prepared {
  readonly question: Message;
  /** The question, and what was said before it. */
  readonly among: readonly Message[];
}

/** Stores a question and answers it, one at a time. */
async function prepare(work: () => Promise<Prepared>): Promise<void> {
  if (isBusy()) return;
  isPreparing.value = true;
  try {
    const { question, among } = await work();
    await answerTo(question, { among });
  } finally {
    isPreparing.value = false;
  }
}

export function stop(): void {
  stopper?.abort();
}

/** Resolves when the latest answer has ended and is stored. */
let latest: Promise<void> = Promise.resolve();

/** Deletes a message with all that follows it; an answer that is being made there ends first. */
export async function removeMessage(message: Message): Promise<void> {
  const path = pathTo(conversations.messages.value, writingId.value);
  if (path.some(({ id }) => id === message.id)) await stopped();
  await conversations.removeMessage(message);
}

export async function deleteEverything(): Promise<void> {
  await stopped();
  await conversations.deleteEverything();
}

async function stopped(): Promise<void> {
  stop();
  await latest;
}

export const canGoOn = (message: Message): boolean =>
  message.role === 'assistant' && message.state !== 'failed' && endsEarly(message) && !isBusy();

const endsEarly = ({ state, stats }: Message): boolean =>
  state === 'stopped' || state === 'interrupted' || stats?.stopReason === 'length';

/** Goes on with an answer that was stopped, or that a reload interrupted. */
export async function goOn(message: Message): Promise<void> {
  const question = conversations.messages.value.find(({ id }) => id === message.parentId);
  if (!question || isBusy()) return;
  await make(question, message, { goesOn: true });
}

function messageOf(
  role: Message['role'],
  parentId: string | undefined,
  { text, conversationId }: Pick<Message, 'text' | 'conversationId'>,
): Message {
  const state = role === 'user' ? 'whole' : 'growing';
  return { id: newId(), conversationId, parentId, role, text, createdAt: Date.now(), state };
}

async function answerTo(question: Message, how: How = {}): Promise<void> {
  const { conversationId } = question;
  await make(question, messageOf('assistant', question.id, { text: '', conversationId }), how);
}

interface How extends Partial<Pick<Prepared, 'among'>> {
  readonly isAgain?: boolean;
  readonly goesOn?: boolean;
}

function make(question: Message, begun: Message, how: How): Promise<void> {
  return (latest = makeAlone(question, begun, how));
}

async function makeAlone(question: Message, begun: Message, how: How): Promise<void> {
  stopTitle();
  const controller = new AbortController();
  stopper = controller;
  const growing: Message = { ...begun, state: 'growing' };
  const path = pathTo(how.among ?? conversations.messages.value, question.id); // the reader may go to another conversation meanwhile
  conversations.place(growing);
  writing.value = {
    ...{ id: begun.id, conversationId: begun.conversationId, phase: 'opening', text: begun.text },
    ...{ thinking: begun.thinking ?? '', nRead: 0, nToRead: 0, nPieces: 0, firstAt: 0, thoughtMs: 0 },
  };
  isPreparing.value = false;
  void stayAwake();
  const writer = await conversations.withStorage((storage) => storage.answerWriter(growing));
  const ended = await made(path, growing, { ...how, signal: controller.signal, writer });
  writing.value = null;
  conversations.place(ended);
  maySleep();
  await conversations.withStorage(async () => writer?.finish(endOf(ended)));
  if (ended.state === 'whole') void writeTitle(ended);
}

/** What storage takes at the end of an answer. */
function endOf({ text, thinking = '', state, error, stats, sources }: Message): AnswerEnd {
  const isEnd = state === 'whole' || state === 'stopped' || state === 'failed';
  const end = { text, thinking, state: isEnd ? state : 'stopped' } as const;
  return { ...end, ...(error ? { error } : {}), ...(stats ? { stats } : {}), ...(sources ? { sources } : {}) };
}

interface Making extends How {
  readonly signal: AbortSignal;
  readonly writer: AnswerWriter | undefined;
}

/** The answer as it ended, well or not. */
async function made(
  path: readonly Message[],
  growing: Message,
  { isAgain, goesOn, signal, writer }: Making,
): Promise<Message> {
  const stream = createStream(writer);
  let sources: readonly SourcePlace[] = growing.sources ?? [];
  try {
    const { prompt: system } = currentPersona.value;
    await whenReady(signal);
    const from = goesOn ? await whereFrom(growing) : undefined;
    if (!from && path.some(({ documentIds }) => documentIds)) {
      advance({ phase: 'searching' });
      sources = await passagesFor(path, signal);
    }
    advance({ phase: 'reading' });
    const messages = promptOf(path, { system, sources });
    const onPrefill = (nRead: number, nToRead: number) => advance({ nRead, nToRead });
    const result = await answer({
      ...{ messages, sampler: samplerFor(isAgain), maxTokens: maxTokens.value, thinks: thinks.value },
      ...{ signal, onPrefill, onPart: stream.part, from, onSave: (bytes) => void keep(growing, bytes) },
    });
    const { text, thinking } = stream.end(signal.aborted);
    resumable = growing.id;
    if (result.nForgotten > 0) notify('The chat is longer than the context: its oldest messages are no longer read.');
    return { ...growing, ...ended(result, signal), ...{ text, thinking, sources, ...modelName() } };
  } catch (error) {
    const { text, thinking } = stream.end(true);
    if (signal.aborted) return { ...growing, state: 'stopped', text, thinking, sources };
    if (conversations.current.value?.id !== growing.conversationId) notify(troubleOf(error).title);
    return { ...growing, state: 'failed', error: errorLine(error), text, thinking, sources };
  }
}

/** More than a text and its tokens: the model's state, which is read again faster than it is stored. */
const LARGE_BYTES = 4e6;

async function keep({ id, conversationId }: Message, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (bytes.length > LARGE_BYTES) return;
  await conversations.withStorage((storage) =>
    storage.saveSession({ conversationId, key: engineKey(), leafId: id, bytes }),
  );
}

/** Where an answer can go on; undefined where nothing is known of it any more, and it is made again. */
async function whereFrom({ id, conversationId }: Message): Promise<Asked['from']> {
  if (resumable === id) return 'latest';
  const saved = await conversations.withStorage((storage) => storage.savedSession(conversationId));
  return saved?.leafId === id && saved.key === engineKey() ? saved.bytes : undefined;
}

const modelName = (): { model?: string } => (engine.value.type === 'ready' ? { model: engine.value.name } : {});

function ended(result: GenerateResult, signal: AbortSignal): Pick<Message, 'state' | 'stats'> {
  const { nPromptTokens, tokens, timings, stopReason } = result;
  const { ttftMs, decodeTps, prefillTps } = timings;
  const stats = { nPromptTokens, nTokens: tokens.length, ttftMs, decodeTps, prefillTps, stopReason };
  return { state: signal.aborted ? 'stopped' : 'whole', stats };
}

/** A model that always takes the likeliest word would say the same again. */
function samplerFor(isAgain = false): SamplerOptions {
  const seed = Number(seedText.value);
  const settings =
    seedText.value !== '' && Number.isSafeInteger(seed) && !isAgain ? { ...sampler.value, seed } : sampler.value;
  const own = engine.value.type === 'ready' ? engine.value.info.sampling.temperature : undefined;
  const isGreedy = (settings.temperature ?? own ?? 0.8) < 0.2;
  return isAgain && isGreedy ? { ...settings, temperature: 0.7 } : settings;
}

function advance(changes: Partial<Writing>): void {
  if (writing.value) writing.value = { ...writing.value, ...changes };
}

/** Gathers the parts of an answer, and shows them once a frame. */
function createStream(writer: AnswerWriter | undefined) {
  const begun = writing.value!;
  let text = '';
  let thinking = '';
  let nPieces = 0;
  let firstAt = 0;
  let thoughtMs = 0;
  let isDue = false;
  const speaker = createSpeaker(begun.text.length);
  const show = () => {
    isDue = false;
    if (writing.value?.id !== begun.id) return;
    const phase = text === '' ? 'thinking' : 'writing';
    if (text.length < begun.text.length && begun.text.startsWith(text)) return; // said once more what stands there
    advance({ text, thinking, nPieces, firstAt, thoughtMs, phase });
    writer?.write({ text, thinking });
    speaker.grow(text);
  };
  const part: Asked['onPart'] = (type, piece) => {
    firstAt ||= performance.now();
    nPieces++;
    if (type === 'text') text += piece;
    else thinking += piece;
    if (type === 'thinking') thoughtMs = performance.now() - firstAt;
    if (isDue) return;
    isDue = true;
    if (document.hidden) setTimeout(show, 250);
    else requestAnimationFrame(show);
  };
  /** One that was cut before it came as far as it was before keeps what it had. */
  const end = (isCut: boolean) => {
    if (isCut && text.length < begun.text.length) return { text: begun.text, thinking: begun.thinking };
    speaker.end(text);
    return { text, thinking };
  };
  return { part, end };
}
