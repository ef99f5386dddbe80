import type { Look } from '../backends/backend.ts';
import { ResourceError } from '../base/errors.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { GpuObject } from '../platform/gpu.ts';
import type { PlainSource } from '../platform/platform.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import { OWN_SESSION, type PlainAdapter } from '../protocol/messages.ts';
import type { OpenOptions } from '../protocol/open.ts';
import { defaultSessions } from './backend_plan.ts';
import { startBackend } from './create_backend.ts';
import { loadModel, type LoadedModel, type LoadOptions } from './load_model.ts';
import { openSource } from './open_source.ts';
import type { Places, Placing } from './places.ts';
import { ready } from './ready.ts';
import type { Session } from './session.ts';

interface Loading extends Omit<LoadOptions, 'adapters'> {
  readonly adapters?: readonly PlainAdapter[] | undefined;
}

/** What a call does with a session. */
interface Using {
  readonly session: number;
  /** The text that it will go on from. */
  readonly tokens: ArrayLike<number>;
  readonly adapters: readonly AdapterUse[] | undefined;
  readonly signal?: AbortSignal;
}

/** What an engine holds: one model, and the sessions of it that are open. */
export class EngineState {
  /** The model's, and those of draft and adapters: the draft's come first. */
  readonly files: GgufFile[] = [];
  readonly sessions = new Map<number, Session>();
  private readonly gpu: GpuObject | undefined;
  private readonly onDeath: (reason: Error) => void;
  private opened: LoadedModel | undefined;
  private draft: LoadedModel | undefined;
  private nextSession = OWN_SESSION + 1;
  /** The sessions of calls that have no other. */
  readonly own = new Set<Session>();
  readonly places: Places = { idle: [], nComing: 0, nCame: 0, line: undefined, wake: undefined };
  /** Those of `model.generate` that are in use. */
  private readonly answering = new Set<Session>();
  readonly closing = new Set<number>();
  maxSessions = defaultSessions;

  /**
   * @param onDeath is told why nothing works any more, where that is known before the next call
   * @param gpu the caller's own, which cannot cross to another thread
   */
  constructor(onDeath: (reason: Error) => void, gpu?: GpuObject) {
    this.onDeath = onDeath;
    this.gpu = gpu;
  }

  get model(): LoadedModel {
    return this.opened!;
  }

  /** Whether a thread of it has died: it is of no use any more. */
  get isDead(): boolean {
    return (this.opened?.isDead() || this.draft?.isDead()) ?? false;
  }

  async open(
    source: PlainSource,
    options: OpenOptions,
    { draft, ...around }: Omit<Loading, 'draft'> & { readonly draft: PlainSource | undefined },
  ): Promise<LoadedModel> {
    const { signal } = around;
    this.maxSessions = options.maxSessions ?? defaultSessions;
    try {
      if (draft !== undefined) this.draft = await this.load(draft, { ...options, maxLogits: 1 }, { signal });
      return (this.opened = await this.load(source, options, { ...around, draft: this.draft }));
    } catch (error) {
      await this.close().catch(() => undefined); // in the caller's thread nobody else gives back what was opened
      throw error;
    }
  }

  /** Threads come up and kernels compile while the header is read. */
  private async load(
    source: PlainSource,
    options: OpenOptions,
    { adapters, ...around }: Loading,
  ): Promise<LoadedModel> {
    const starting = startBackend(options, this.gpu);
    const opened = async (from: PlainSource): Promise<GgufFile> => {
      const file = await openSource(from, around.signal);
      this.files.push(file);
      return file;
    };
    try {
      const file = await opened(source);
      const given =
        adapters && (await Promise.all(adapters.map(async (each) => ({ ...each, file: await opened(each.source) }))));
      const model = await loadModel(file, options, starting.create, { ...around, adapters: given });
      void model.died?.then(this.onDeath);
      return model;
    } catch (error) {
      await starting.abandon();
      throw error;
    }
  }

  /** @throws ResourceError where so many are open as the model was opened for */
  async openSession(signal?: AbortSignal): Promise<number> {
    const session = await this.place({ isForGood: true, signal });
    this.sessions.set(this.nextSession, session);
    return this.nextSession++;
  }

  /** A session will be closed as soon as its calls are over. */
  willClose(session: number): void {
    if (!this.sessions.has(session) || this.closing.has(session)) return;
    this.closing.add(session);
    this.places.nComing++;
  }

  closeSession(session: number): void {
    this.sessions.get(session)?.close();
    this.sessions.delete(session);
    if (this.closing.delete(session)) this.cameBack();
  }

  /** The session that a text is saved of at once; of several answers of `model.generate` nobody knows which. */
  sessionToSave(session: number): Session | undefined {
    if (session !== OWN_SESSION) return this.sessions.get(session);
    return this.answering.size === 1 ? [...this.answering][0] : undefined;
  }

  /** Runs a call on a session, from now on with these adapters. */
  async use<T>(using: Using, call: (session: Session) => Promise<T>): Promise<T> {
    if (using.session === OWN_SESSION) return this.useOwn(using, call);
    const session = this.sessions.get(using.session);
    if (!session) throw new TypeError(`session ${using.session} is closed; open a new one`);
    await this.model.adapt(session, using.adapters);
    return entered(session, call);
  }

  /** A call of `model.generate` takes the session that knows most of its text, and leaves it for the next call. */
  private async useOwn<T>({ tokens, adapters, signal }: Using, call: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.place({ adapters, tokens, signal });
    this.answering.add(session);
    try {
      await this.model.adapt(session, adapters);
      return await entered(session, call);
    } finally {
      this.answering.delete(session);
      this.places.idle.push(session);
      this.cameBack();
    }
  }

  /** A session for one call. */
  async withSession<T>(
    adapters: readonly AdapterUse[] | undefined,
    call: (session: Session) => Promise<T>,
    { look, signal }: { readonly look?: Look; readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const session = await this.place({ adapters, look, signal });
    try {
      return await entered(session, call);
    } finally {
      this.closeOwn(session);
      this.cameBack();
    }
  }

  async close(): Promise<void> {
    for (const session of [...this.sessions.values(), ...this.own]) session.close();
    for (const sessions of [this.sessions, this.own]) sessions.clear();
    this.places.idle = [];
    await this.opened?.close();
    await this.draft?.close();
    const files = this.files.splice(0);
    await Promise.all(files.flatMap(({ sources }) => sources.map((source) => source.close?.())));
    this.opened = this.draft = undefined;
  }

  closeOwn(session: Session): void {
    this.own.delete(session);
    session.close();
  }

  private cameBack(): void {
    const { places } = this;
    places.nComing--;
    places.nCame++;
    places.wake?.();
  }

  /** A new session, or one to be used again. Calls wait for it while others are under way that will give theirs back. */
  private async place(placing: Placing): Promise<Session> {
    const { places, own } = this;
    const isLone = !placing.tokens || own.size === 0;
    if (!isLone && own.size === 1 && places.idle.length === 1) {
      places.nComing++;
      return places.idle.pop()!;
    }
    const found = isLone && !places.line && (await this.openPlaced(placing).catch(refused));
    return found || (await import('./places.ts')).waitForPlace(this, placing); // most programs have fewer sessions
  }

  /** @throws ResourceError where there is no room for one more. */
  async openPlaced({ adapters, look, isForGood }: Placing): Promise<Session> {
    const session = await ready(this.model.openSession(adapters, look));
    if (isForGood) return session;
    this.places.nComing++;
    this.own.add(session);
    return session;
  }
}

/** There may be room later. */
function refused(error: unknown): undefined {
  if (!(error instanceof ResourceError)) throw error;
}

async function entered<T>(session: Session, call: (session: Session) => Promise<T>): Promise<T> {
  const leave = session.enter();
  try {
    return await call(session);
  } finally {
    leave();
  }
}
