/** Models that are opened when somebody asks for them, and closed when nobody has for a while. */
import { orAborted } from '../base/signals.ts';
import type { ModelSource } from '../platform/platform.ts';
import { asked, HttpError } from '../server/http_error.ts';
import type { Held, ListedModel, Looked, PullProgress, RunningModel, Served } from '../server/served.ts';
import { Slots } from '../server/slots.ts';
import type { DownloadSource, StoredSource } from '../store/types.ts';
import type { ModelStore } from '../store/model_store.ts';
import type { Model } from './model.ts';
import { openModel } from './open_model.ts';
import type { OpenModelOptions } from './option_types.ts';

/** A model to serve: one that is open, which stays so, or where to open it from, and what is known of it before. */
export type ServedSource = Model | ModelSource | StoredSource | DescribedSource;

export interface DescribedSource extends Omit<ListedModel, 'name'> {
  readonly source: ModelSource | StoredSource;
}

export type NamedSources = Readonly<Record<string, ServedSource>>;

export interface ServedModelsOptions {
  /** Models by the names that requests ask for, or a function that says which there are at the moment. */
  readonly models?: NamedSources | (() => NamedSources | Promise<NamedSources>);
  /** Whole models of this store are served under their names, too. */
  readonly store?: ModelStore;
  /** Allows `/api/pull`: what to download into the store for a name; undefined where it names nothing. */
  readonly pull?: (name: string) => DownloadSource | undefined | Promise<DownloadSource | undefined>;
  /** How models are opened. */
  readonly open?: Omit<OpenModelOptions, 'signal' | 'onProgress' | 'onDownload'>;
  /** A model that nobody has asked for in so many milliseconds is closed. Default five minutes; `Infinity`: it stays. */
  readonly keepMs?: number;
  /** Models that are open at a time. Another one takes the place of the one that was not used for the longest time. Default 1. */
  readonly maxModels?: number;
  /** Requests that may wait for a session of one model. Default 256. */
  readonly maxWaiting?: number;
}

/** A model that is open, or on its way. */
interface Entry {
  readonly name: string;
  readonly opening: Promise<Opened>;
  opened: Opened | undefined;
  /** Opened here, so it is closed here. */
  readonly isOwn: boolean;
  isClosing: boolean;
  nUsers: number;
  keepMs: number;
  usedAt: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** A request whose model is not open yet. */
interface Waiting {
  readonly name: string;
  readonly since: number;
  /** A model may be closed, or is. */
  wake(): void;
}

interface Opened {
  readonly model: Model;
  readonly slots: Slots;
}

const defaultKeepMs = 300_000;

/** So long requests for an open model go before those that wait for another one to be opened. */
const PATIENCE_MS = 20_000;

export class ServedModels implements Served {
  private readonly options: ServedModelsOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly waiting: Waiting[] = [];

  constructor(options: ServedModelsOptions) {
    this.options = options;
  }

  async list(): Promise<ListedModel[]> {
    const sources = await this.sources();
    return [...sources].map(([name, source]) => {
      if (isModel(source)) return { name, sizeBytes: source.info.weightBytes };
      if (!isDescribed(source)) return { name };
      const { source: _, ...known } = source;
      return { name, ...known };
    });
  }

  running(): RunningModel[] {
    return [...this.entries.values()].flatMap(({ name, opened, isOwn, nUsers, keepMs, usedAt }) => {
      const stays = !isOwn || nUsers > 0 || keepMs === Infinity;
      return opened
        ? [{ name, info: opened.model.info, slots: opened.slots, expiresAt: stays ? undefined : usedAt + keepMs }]
        : [];
    });
  }

  get pull(): Served['pull'] {
    const { pull, store } = this.options;
    if (!pull || !store) return undefined;
    return async (name, onProgress, signal) => {
      const source = await asked((async () => pull(name))());
      if (!source) throw new HttpError(404, `${name.slice(0, 200)} names no model to download`);
      const tell = ({ doneBytes, totalBytes }: PullProgress): void => onProgress({ doneBytes, totalBytes });
      await store.download(source, { onProgress: tell, signal }).result;
    };
  }

  async hold(asked: string | undefined, signal: AbortSignal): Promise<Held> {
    const known = this.entries.get(asked ?? '');
    if (known && this.isFor(known)) return this.use(known, signal); // without a look at what there is
    const sources = await this.sources();
    const name = this.nameOf(asked, [...sources.keys()]);
    const waiting: Waiting = { name, since: Date.now(), wake: () => undefined };
    this.waiting.push(waiting);
    try {
      for (;;) {
        signal.throwIfAborted();
        const entry = this.entries.get(name) ?? this.openIfRoom(name, sources.get(name));
        if (entry && this.isFor(entry)) return this.use(entry, signal);
        await orAborted(new Promise<void>((resolve) => (waiting.wake = resolve)), signal);
      }
    } finally {
      this.waiting.splice(this.waiting.indexOf(waiting), 1);
      this.wake(); // those that let it go first
    }
  }

  async look(asked: string, signal: AbortSignal): Promise<Looked | undefined> {
    const sources = await this.sources();
    const name = this.nameOf(asked, [...sources.keys()]);
    const opened = this.entries.get(name)?.opened;
    if (opened) return { name, info: opened.model.info };
    const source = sources.get(name);
    if (source === undefined || isModel(source)) return source && { name, info: source.info };
    const { headerOf } = await import('./served_header.ts');
    const info = await headerOf(isDescribed(source) ? source.source : source, signal);
    if (!info) return undefined;
    const { chatTemplate } = this.options.open ?? {};
    return { name, info: chatTemplate === undefined ? info : { ...info, noChat: undefined } };
  }

  /** Whether an open model takes a request: it does not where one for another model has waited for long, which gets in once it is idle. */
  private isFor({ name, isOwn, isClosing }: Entry): boolean {
    const now = Date.now();
    const mustYield = isOwn && this.waiting.some((each) => each.name !== name && now - each.since > PATIENCE_MS);
    return !isClosing && !mustYield;
  }

  /** Closes what was opened here. */
  async close(): Promise<void> {
    await Promise.all([...this.entries.values()].map((entry) => this.shut(entry)));
  }

  private async sources(): Promise<Map<string, ServedSource>> {
    const { models = {}, store } = this.options;
    const named = new Map(Object.entries(typeof models === 'function' ? await models() : models));
    for (const { name, isComplete, sizeBytes, addedAt, sha256, files } of (await store?.list()) ?? [])
      if (isComplete && !named.has(name))
        named.set(name, { source: files[0]?.path ?? { store: name }, sizeBytes, addedAt, sha256 });
    return named;
  }

  /** The model that a request means. Ollama's clients write `:latest` behind names; where there is one model alone, it is the one meant. */
  private nameOf(asked: string | undefined, names: readonly string[]): string {
    const bare = asked?.replace(/:latest$/, '');
    const found =
      names.find((name) => name === asked) ?? names.find((name) => name === bare || name === `${asked}:latest`);
    const only = names.length === 1 ? names[0] : undefined;
    const running = asked === undefined && this.entries.size === 1 ? [...this.entries.keys()][0] : undefined;
    const name = found ?? only ?? running;
    if (name !== undefined) return name;
    if (asked === undefined)
      throw new HttpError(400, `Missing required parameter: 'model'; there are ${listed(names)}`, { param: 'model' });
    const message = `model '${asked.slice(0, 200)}' not found; there ${names.length === 0 ? 'is none' : `are ${listed(names)}`}`;
    throw new HttpError(404, message, { param: 'model', code: 'model_not_found' });
  }

  /** Undefined where as many are in use as may be open: something changes when one of them is free, or is closed. */
  private openIfRoom(name: string, source: ServedSource | undefined): Entry | undefined {
    if (source === undefined) throw new HttpError(404, `model '${name}' is gone`, { code: 'model_not_found' });
    const isOwn = !isModel(source);
    const own = [...this.entries.values()].filter((entry) => entry.isOwn);
    if (isOwn && own.length >= (this.options.maxModels ?? 1)) {
      const idle = own
        .filter(({ nUsers, isClosing }) => nUsers === 0 && !isClosing)
        .sort((a, b) => a.usedAt - b.usedAt)[0];
      if (idle) void this.shut(idle);
      return undefined;
    }
    const opening = this.open(source);
    const { keepMs = defaultKeepMs } = this.options;
    const entry: Entry = {
      name,
      opening,
      opened: undefined,
      isOwn,
      isClosing: false,
      nUsers: 0,
      keepMs,
      usedAt: Date.now(),
      timer: undefined,
    };
    this.entries.set(name, entry);
    opening.then(
      (opened) => (entry.opened = opened),
      () => this.forget(entry),
    );
    return entry;
  }

  private async open(source: ServedSource): Promise<Opened> {
    const { open, maxWaiting = 256 } = this.options;
    const model = isModel(source) ? source : await openModel(isDescribed(source) ? source.source : source, open);
    return { model, slots: new Slots(model, { nSlots: model.info.maxSessions, maxWaiting }) };
  }

  /** From here on until its release the model stays open. */
  private async use(entry: Entry, signal: AbortSignal): Promise<Held> {
    clearTimeout(entry.timer);
    entry.nUsers++;
    let isHeld = true;
    const release = (keepMs = this.options.keepMs ?? defaultKeepMs): void => {
      if (!isHeld) return;
      isHeld = false;
      entry.nUsers--;
      entry.keepMs = keepMs > MAX_TIMER_MS ? Infinity : keepMs;
      entry.usedAt = Date.now();
      if (entry.nUsers > 0) return;
      this.wake();
      this.closeLater(entry);
    };
    try {
      const { model, slots } = await orAborted(entry.opening, signal);
      return { name: entry.name, model, slots, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  private closeLater(entry: Entry): void {
    if (!entry.isOwn || entry.keepMs === Infinity) return;
    const ifIdle = (): void => {
      if (entry.nUsers === 0) void this.shut(entry);
    };
    entry.timer = setTimeout(ifIdle, entry.keepMs);
    (entry.timer as { unref?(): void }).unref?.(); // a program may end before
  }

  /** Its place is free once its memory is. */
  private async shut(entry: Entry): Promise<void> {
    if (entry.isClosing) return;
    entry.isClosing = true;
    clearTimeout(entry.timer);
    try {
      const { model, slots } = await entry.opening;
      await slots.close();
      if (entry.isOwn) await model.close();
    } catch {
      // it never opened, or its thread has died: nothing is held
    }
    this.forget(entry);
  }

  private forget(entry: Entry): void {
    if (this.entries.get(entry.name) === entry) this.entries.delete(entry.name);
    this.wake();
  }

  private wake(): void {
    for (const each of [...this.waiting]) each.wake();
  }
}

/** What timers can wait for: 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const listed = (names: readonly string[]): string =>
  names.length > 20 ? `${names.slice(0, 20).join(', ')} …` : names.join(', ');

const isModel = (source: ServedSource): source is Model => typeof source === 'object' && 'openSession' in source;

const isDescribed = (source: ServedSource): source is DescribedSource =>
  typeof source === 'object' && source !== null && 'source' in source;
