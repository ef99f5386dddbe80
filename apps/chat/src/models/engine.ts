/** The only place where the app talks to the engine. One model is open at a time, with one session: a conversation's beginning is read once. */
import { signal } from '@preact/signals';
import type { ChatMessage, GenerateResult, Model, ModelInfo, ModelSession, OpenModelOptions, SamplerOptions } from 'thimble';
import { errorFrom, errorLine, isAbort, troubleOf } from '../app/troubles.ts';
import { isWelcomed, kvType } from '../state/settings.ts';
import type { Trouble } from '../state/types.ts';

export type EngineState =
  | { readonly type: 'none' }
  | { readonly type: 'opening'; readonly id: string; readonly name: string; readonly part: number }
  | { readonly type: 'ready'; readonly id: string; readonly name: string; readonly info: ModelInfo }
  | { readonly type: 'failed'; readonly id: string; readonly name: string; readonly line: string; readonly trouble: Trouble };

export const engine = signal<EngineState>({ type: 'none' });

export interface ToOpen {
  readonly id: string;
  readonly name: string;
  /** Opens the model with these options, from wherever it is. */
  readonly open: (openModel: typeof import('thimble').openModel, options: OpenModelOptions) => Promise<Model>;
  readonly options: Pick<OpenModelOptions, 'nCtx' | 'kvType' | 'threads' | 'backend'>;
}

export interface Asked {
  readonly messages: readonly ChatMessage[];
  readonly sampler: SamplerOptions;
  readonly maxTokens?: number | undefined;
  readonly thinks: boolean;
  /** Goes on with the answer that was made last, or with a saved one; then its text so far comes once more, at once. */
  readonly from?: 'latest' | Uint8Array<ArrayBuffer> | undefined;
  /** Gets what an answer can be gone on from, every few seconds. */
  readonly onSave: (saved: Uint8Array<ArrayBuffer>) => void;
  readonly signal: AbortSignal;
  readonly onPrefill?: (nDone: number, nTotal: number) => void;
  readonly onPart: (type: 'thinking' | 'text', text: string) => void;
}

let model: Model | undefined;
let session: ModelSession | undefined;
let opening: AbortController | undefined;
let lastOpened: ToOpen | undefined;
let latest: Promise<unknown> = Promise.resolve();

/** Opens a model in place of the one before. Says how far it is by `engine`, and how it ended; never throws. */
export async function openEngine(what: ToOpen): Promise<void> {
  opening?.abort();
  const controller = new AbortController();
  opening = controller;
  lastOpened = what;
  const { signal } = controller;
  const { id, name } = what;
  engine.value = { type: 'opening', id, name, part: 0 };
  const work = latest.then(() => opened(what, signal));
  latest = work;
  await work;
}

async function opened({ id, name, open, options }: ToOpen, signal: AbortSignal): Promise<void> {
  try {
    await release();
    signal.throwIfAborted();
    const { openModel } = await import('thimble');
    const onProgress = ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }) => {
      if (!signal.aborted) engine.value = { type: 'opening', id, name, part: doneBytes / totalBytes };
    };
    const made = await open(openModel, { ...options, maxSessions: 1, onProgress, signal });
    if (made.info.noChat) {
      await made.close();
      throw Object.assign(new Error(`no chat template: ${made.info.noChat}`), { name: 'UnsupportedError' });
    }
    model = made;
    session = made.openSession();
    engine.value = { type: 'ready', id, name, info: made.info };
    isWelcomed.value = true;
  } catch (error) {
    if (signal.aborted || isAbort(error)) return;
    engine.value = { type: 'failed', id, name, line: errorLine(error), trouble: troubleOf(error) };
  }
}

/** Gives the memory back. */
export async function closeEngine(): Promise<void> {
  opening?.abort();
  await (latest = latest.then(release));
  engine.value = { type: 'none' };
}

async function release(): Promise<void> {
  const old = model;
  model = undefined;
  session = undefined;
  await old?.close().catch(() => undefined); // one that died holds nothing
}

/** Answers a conversation, a part of the text at a time. @throws what the engine throws; an `AbortError` is none: the result says so. */
export async function answer(asked: Asked): Promise<GenerateResult> {
  const { signal, onPart } = asked;
  if (!session) throw new Error('no model is open; choose one');
  if (asked.from instanceof Uint8Array) await session.restore(asked.from);
  const stream = streamOf(session, asked);
  try {
    for await (const part of stream) if (part.type !== 'tool_call') onPart(part.type, part.text);
  } catch (error) {
    if (!signal.aborted) {
      noteDeath(error);
      throw error;
    }
  }
  return await stream;
}

function streamOf(session: ModelSession, asked: Asked) {
  const { messages, sampler, maxTokens, thinks, from, signal, onPrefill, onSave } = asked;
  const making = { thinking: 'split', signal, onSave, ...(maxTokens ? { maxTokens } : {}), ...(onPrefill ? { onPrefill } : {}) } as const;
  if (from) return session.resume({ ...making, whole: true });
  const prompt = { messages, templateVars: { enable_thinking: thinks } };
  return session.generate(prompt, { ...sampler, ...making, onFull: 'shift' });
}

/** What saved answers belong to: another model's bytes are of no use. */
export const engineKey = (): string =>
  engine.value.type === 'ready' ? `${engine.value.id} ${engine.value.info.nParams} ${kvType.value}` : '';

/** Resolves when a model is open. One that died, or failed to open, is tried once more. @throws where there is none, or `signal` aborts. */
export async function whenReady(signal: AbortSignal): Promise<void> {
  const state = engine.value;
  if (state.type === 'failed') void openEngine(lastOpened!);
  if (state.type === 'none') throw new Error('no model is open; choose one under Models');
  await new Promise<void>((resolve, reject) => {
    const look = () => {
      const { value } = engine;
      if (signal.aborted) reject(new DOMException('stopped', 'AbortError'));
      else if (value.type === 'ready') resolve();
      else if (value.type === 'failed') reject(errorFrom(value.line));
      else if (value.type === 'none') reject(new Error('no model is open; choose one under Models'));
      else return false;
      return true;
    };
    if (look()) return;
    const end = engine.subscribe(() => look() && queueMicrotask(() => end()));
    signal.addEventListener('abort', () => look() && end(), { once: true });
  });
}

/** A dead engine is opened again by the next try. */
function noteDeath(error: unknown): void {
  const state = engine.value;
  const trouble = troubleOf(error);
  if (state.type !== 'ready' || trouble.title !== 'The engine stopped') return;
  model = undefined;
  session = undefined;
  engine.value = { type: 'failed', id: state.id, name: state.name, line: errorLine(error), trouble };
}

/** How a text goes on to the end of its line; empty where it does not end soon. */
export async function continuation(text: string, signal: AbortSignal): Promise<string> {
  if (!session) return '';
  const made = await session.generate(text, { maxTokens: 16, temperature: 0, stop: '\n', signal });
  return made.stopReason === 'stop' || made.stopReason === 'eos' ? made.text : '';
}

/** Tokens of a text, as the open model counts them. */
export async function countTokens(text: string): Promise<number> {
  if (!model) return Math.ceil(text.length / 4);
  return (await model.tokenize(text)).length;
}
