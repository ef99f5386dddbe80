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
import { ready } from './ready.ts';
import type { Session } from './session.ts';

interface Loading extends Omit<LoadOptions, 'adapters'> {
  readonly adapters?: readonly PlainAdapter[] | undefined;
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
  private maxSessions = defaultSessions;

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

  async openSession(): Promise<number> {
    const session = this.nextSession++;
    this.sessions.set(session, await this.newSession());
    return session;
  }

  closeSession(session: number): void {
    this.sessions.get(session)?.close();
    this.sessions.delete(session);
  }

  /** A session, from now on with these adapters. */
  async sessionOf(session: number, adapters: readonly AdapterUse[] | undefined): Promise<Session> {
    const found = this.sessions.get(session);
    if (found) this.model.adapt(found, adapters);
    if (found) return found;
    if (session !== OWN_SESSION) throw new TypeError(`session ${session} is closed; open a new one`);
    const own = await this.newSession(adapters);
    this.sessions.set(OWN_SESSION, own);
    return own;
  }

  /** A session for one call. */
  async withSession<T>(
    adapters: readonly AdapterUse[] | undefined,
    use: (session: Session) => Promise<T>,
    look?: Look,
  ): Promise<T> {
    const session = await this.newSession(adapters, look);
    try {
      return await use(session);
    } finally {
      session.close();
    }
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) session.close();
    this.sessions.clear();
    await this.opened?.close();
    await this.draft?.close();
    const files = this.files.splice(0);
    await Promise.all(files.flatMap(({ sources }) => sources.map((source) => source.close?.())));
    this.opened = this.draft = undefined;
  }

  /** A session with these adapters. Where there is no room for it, the one of `model.generate` gives its place back. */
  private async newSession(adapters?: readonly AdapterUse[], look?: Look): Promise<Session> {
    try {
      return await ready(this.model.openSession(adapters, look));
    } catch (error) {
      if (!(error instanceof ResourceError)) throw error;
      if (!this.sessions.has(OWN_SESSION)) throw this.noRoom(error);
      this.closeSession(OWN_SESSION);
      return this.newSession(adapters, look);
    }
  }

  private noRoom(cause: ResourceError): ResourceError {
    const { size } = this.sessions;
    if (size < this.maxSessions) return cause;
    const came = `${size} chats and sessions are open, and the model was opened for ${this.maxSessions}`;
    const help = 'close one (await chat.close(), or await using), or open the model with a larger maxSessions';
    return new ResourceError(`${came}; ${help}`, { cause });
  }
}
