import type { Look } from '../backends/backend.ts';
import { checkWhole } from '../base/checks.ts';
import { ResourceError } from '../base/errors.ts';
import type { GenerateEvent, GenerateResult, MakingOptions } from '../protocol/generation.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { OpenOptions, Prompt } from '../protocol/open.ts';
import { defaultSessions, startBackend } from './create_backend.ts';
import { tellFiles } from './files.ts';
import type { GgufFile } from '../gguf/read.ts';
import { loadModel, type LoadedModel, type LoadOptions } from './load_model.ts';
import { openSource } from './open_source.ts';
import type { PlainSource } from '../platform/platform.ts';
import type { Session } from './session.ts';
import { createTextStream } from '../tokenizers/stream.ts';
import { host, tick } from '#platform';
import {
  NO_CALL,
  OWN_SESSION,
  plainError,
  type CallName,
  type Calls,
  type PlainAdapter,
  type Saving,
  type ToEngine,
} from '../protocol/messages.ts';

/**
 * The engine's side of the worker: one model, its sessions, and a queue of calls. Calls run one after another, because
 * they share the compute threads; a cancel message reaches a running call at its next `tick`.
 */

type Handlers = { [K in CallName]: (args: Calls[K]['args'], running: Running<K>) => Promise<Calls[K]['result']> };

/** What a running call can do beside returning. */
interface Running<K extends CallName> {
  readonly signal: AbortSignal;
  emit(event: Calls[K]['event']): void;
}

const port = host();
const cancels = new Map<number, AbortController>();
let queue: Promise<void> = Promise.resolve();
/** The call under way; others wait. */
let running = 0;

const files: GgufFile[] = [];
let draft: LoadedModel | undefined;
let model: LoadedModel | undefined;
const sessions = new Map<number, Session>();
let nextSession = OWN_SESSION + 1;
let maxSessions = defaultSessions;

/** A session with these adapters. Where there is no room for it, the one of `model.generate` gives its place back. */
function newSession(adapters?: readonly AdapterUse[], look?: Look): Session {
  try {
    return model!.openSession(adapters, look);
  } catch (error) {
    if (!(error instanceof ResourceError)) throw error;
    if (!sessions.has(OWN_SESSION)) throw noRoom(error);
    closeSession(OWN_SESSION);
    return newSession(adapters, look);
  }
}

function noRoom(cause: ResourceError): ResourceError {
  if (sessions.size < maxSessions) return cause;
  const came = `${sessions.size} chats and sessions are open, and the model was opened for ${maxSessions}`;
  const help = 'close one (await chat.close(), or await using), or open the model with a larger maxSessions';
  return new ResourceError(`${came}; ${help}`, { cause });
}

function closeSession(session: number): void {
  sessions.get(session)?.close();
  sessions.delete(session);
}

/** A session, from now on with these adapters. */
function sessionOf(session: number, adapters: readonly AdapterUse[] | undefined): Session {
  const found = sessions.get(session);
  if (found) model!.adapt(found, adapters);
  if (found) return found;
  if (session !== OWN_SESSION) throw new TypeError(`session ${session} is closed; open a new one`);
  const own = newSession(adapters);
  sessions.set(OWN_SESSION, own);
  return own;
}

const handlers: Handlers = {
  async open({ source, draft: draftSource, adapters, options, files }, { signal, emit }) {
    tellFiles(files);
    if (draftSource !== undefined) draft = await load(draftSource, { ...options, maxLogits: 1 }, { signal });
    maxSessions = options.maxSessions ?? defaultSessions;
    model = await load(source, options, { onProgress: emit, signal, draft, adapters });
    return model.info;
  },

  async openSession() {
    const session = nextSession++;
    sessions.set(session, newSession());
    return session;
  },

  async closeSession({ session }) {
    closeSession(session);
    return undefined;
  },

  async generate({ session: id, prompt, options, adapters, saving }, { signal, emit }) {
    const session = sessionOf(id, adapters);
    const { encode } = model!;
    const { onFull } = options;
    const roomy = onFull === 'shift' ? await roomyOf(prompt, session, options, signal) : encode(prompt);
    tellBefore('tokens' in roomy ? roomy.tokens : roomy, false, emit);
    return told(session.generate(roomy, options, signal), emit, savedOf(session, saving));
  },

  async resume({ session: id, prompt, options, adapters, saving }, { signal, emit }) {
    const session = sessionOf(id, adapters);
    const shorten = prompt && (await roomyOf(prompt, session, options, signal)).shorten;
    tellBefore(session.textBefore(options), !options.whole, emit);
    return told(session.resume(options, signal, shorten), emit, savedOf(session, saving));
  },

  saveSession: ({ session, adapters, ...how }) => sessionOf(session, adapters).save(how),

  restoreSession: async ({ session, bytes, adapters }) =>
    sessionOf(session, adapters).restore('size' in bytes ? new Uint8Array(await bytes.arrayBuffer()) : bytes),

  tokenize: async ({ prompt }) => model!.encode(prompt),

  async detokenize({ tokens, special }) {
    const stream = createTextStream(model!.tokenizer, { special });
    return Array.from(tokens, (token) => stream.push(token)).join('') + stream.flush();
  },

  async logits({ tokens, adapters }, { signal, emit }) {
    const pause = pauseOf(signal);
    await withSession(adapters, async (session) => {
      for await (const rows of session.logits(tokens)) {
        emit(rows.slice());
        await pause();
      }
    });
    return undefined;
  },

  async score({ tokens, firstRow, adapters }, { signal }) {
    checkWhole('firstRow', firstRow, { min: 0 });
    const { scoreTokens } = await import('./score.ts');
    return withSession(adapters, (session) => scoreTokens(session, tokens, firstRow, pauseOf(signal)));
  },

  async scoreContinuations({ text, continuations, adapters }, { signal }) {
    const { scoreContinuations } = await import('./score.ts');
    return withSession(adapters, (session) => {
      const longest = continuations.reduce((most, { length }) => Math.max(most, length), 1); // its last token is never read
      if (text.length + longest - 1 > session.nCtx) {
        const came = `the text has ${text.length} tokens, the longest continuation ${longest}, the context ${session.nCtx}`;
        throw new RangeError(`${came}; shorten them, or open the model with a larger nCtx`);
      }
      return scoreContinuations(session, text, continuations, pauseOf(signal));
    });
  },

  async columnSums({ texts }, { signal, emit }) {
    const { collectSums } = await import('./column_sums.ts');
    const collector = collectSums(files.at(-1)!); // the draft's came first
    await withSession([], (session) => collector.read(session, texts, emit, pauseOf(signal)), collector);
    return collector.sums();
  },

  async embed({ texts, adapters, ...settings }, { signal, emit }) {
    const embedder = await model!.embedder(adapters);
    return embedder.embed(texts, settings, { pause: pauseOf(signal), onProgress: emit });
  },

  tasks: async () => (await model!.embedder()).tasks(),

  async rank({ adapters, ...ranking }, { signal, emit }) {
    const embedder = await model!.embedder(adapters);
    const { rank } = await import('./rank.ts');
    return rank(embedder, ranking, { pause: pauseOf(signal), onProgress: emit });
  },

  async fit({ source, files, ...question }, { signal }) {
    tellFiles(files);
    return (await import('./check_fit.ts')).checkFit(source, question, signal);
  },

  async probe({ files, ...options }, { signal }) {
    tellFiles(files);
    return (await import('./probe.ts')).probeDevice(options, pauseOf(signal));
  },

  async close() {
    for (const session of sessions.values()) session.close();
    sessions.clear();
    await model?.close();
    await draft?.close();
    await Promise.all(files.flatMap(({ sources }) => sources.map((source) => source.close?.())));
    model = undefined;
    return undefined;
  },
};

interface Loading extends Omit<LoadOptions, 'adapters'> {
  readonly adapters?: readonly PlainAdapter[] | undefined;
}

/** Threads come up and kernels compile while the header is read. */
async function load(source: PlainSource, options: OpenOptions, { adapters, ...around }: Loading): Promise<LoadedModel> {
  const starting = startBackend(options);
  const opened = async (from: PlainSource): Promise<GgufFile> => {
    const file = await openSource(from, around.signal);
    files.push(file);
    return file;
  };
  try {
    const file = await opened(source);
    const given =
      adapters && (await Promise.all(adapters.map(async (each) => ({ ...each, file: await opened(each.source) }))));
    return await loadModel(file, options, starting.create, { ...around, adapters: given });
  } catch (error) {
    await starting.abandon();
    throw error;
  }
}

/** Where an answer begins, for whoever tells its thoughts apart. */
function tellBefore(tokens: ArrayLike<number>, goesOn: boolean, emit: (event: GenerateEvent) => void): void {
  const before = model!.marks?.before(tokens);
  if (before) emit({ type: 'before', goesOn, ...before });
}

/** A conversation that can be made shorter. */
async function roomyOf(
  prompt: Prompt,
  { nCtx }: Session,
  { maxTokens = Infinity }: MakingOptions,
  signal: AbortSignal,
) {
  const { fitted } = await import('./room.ts'); // not all answers may outgrow their context
  return fitted(prompt, { encode: model!.encode, pause: pauseOf(signal) }, { nCtx, maxTokens });
}

/** How an answer under way is saved; undefined where nobody wants it. */
const savedOf = (session: Session, saving: Saving | undefined) =>
  saving && (() => session.save({ ...saving, state: false }));

/** Milliseconds between two savings of an answer: little is lost with the page, and little is spent (a few bytes a token). */
const SAVE_EVERY_MS = 2000;

/**
 * Hands an answer's events out as they come. A cancel message can arrive between them. What it can go on from comes when the prompt is
 * read, and now and then.
 */
async function told(
  events: AsyncGenerator<GenerateEvent, GenerateResult>,
  emit: (event: GenerateEvent) => void,
  save: (() => Promise<Uint8Array<ArrayBuffer>>) | undefined,
): Promise<GenerateResult> {
  let nextMs = 0;
  for (;;) {
    await tick();
    const { value, done } = await events.next();
    if (done) return value;
    if (value.type !== 'piece' || value.text !== '' || value.marks) emit(value);
    const isRead = value.type === 'piece' || (value.type === 'prefill' && value.nDone === value.nTotal);
    if (!save || !isRead || performance.now() < nextMs) continue;
    emit({ type: 'saved', bytes: await save() });
    nextMs = performance.now() + SAVE_EVERY_MS;
  }
}

/** Lets messages arrive, and stops a call that one of them cancels. */
const pauseOf = (signal: AbortSignal) => async (): Promise<void> => {
  await tick();
  signal.throwIfAborted();
};

/** A session for one call. */
async function withSession<T>(
  adapters: readonly AdapterUse[] | undefined,
  use: (session: Session) => Promise<T>,
  look?: Look,
): Promise<T> {
  const session = newSession(adapters, look);
  try {
    return await use(session);
  } finally {
    session.close();
  }
}

async function handle<K extends CallName>(id: number, call: K, args: Calls[K]['args'], signal: AbortSignal) {
  if (signal.aborted) return; // it has its answer
  running = id;
  try {
    const emit = (event: Calls[K]['event']) => port.post({ id, event }, buffersOf(event));
    const result = await (handlers[call] as Handlers[K])(args, { signal, emit });
    port.post({ id, result }, buffersOf(result));
  } catch (error) {
    port.post({ id, error: plainError(error), isLast: model?.isDead() || draft?.isDead() });
  } finally {
    cancels.delete(id);
  }
}

/** Bytes change hands instead of being copied: the thread that gets them should not be kept from other work. */
function buffersOf(message: unknown): ArrayBuffer[] {
  const bytes = (message as { bytes?: unknown } | undefined)?.bytes ?? message;
  return ArrayBuffer.isView(bytes) ? [bytes.buffer as ArrayBuffer] : [];
}

/** A text can be saved at once, whatever is under way: an answer stands still while messages arrive. */
function saveAtOnce(message: ToEngine): boolean {
  if (message.call !== 'saveSession' || message.args.state !== false) return false;
  const { id, args } = message;
  const session = sessions.get(args.session);
  if (!session) return false;
  session.save(args).then(
    (result) => port.post({ id, result }, buffersOf(result)),
    (error) => port.post({ id, error: plainError(error) }),
  );
  return true;
}

/** Answers the calls of the thread that started this one. */
export function serve(): void {
  port.onMessage((data) => {
    const message = data as ToEngine;
    if (message.call === 'cancel') {
      const cancel = cancels.get(message.id);
      cancel?.abort();
      if (!cancel || message.id === running) return;
      cancels.delete(message.id); // a call that waits need not wait to be stopped
      port.post({ id: message.id, error: plainError(cancel.signal.reason) });
      return;
    }
    if (saveAtOnce(message)) return;
    const { id, call, args } = message;
    const cancel = new AbortController();
    cancels.set(id, cancel);
    queue = queue.then(() => handle(id, call, args, cancel.signal));
  });
  port.post({ id: NO_CALL, event: 'started' });
}
