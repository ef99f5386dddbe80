/** The one model behind all of them: opened when it is first needed. */
import type { Model } from '../../api/model.ts';
import { orAborted } from './lifetime.ts';
import { areKnown } from './options.ts';
import { watched, type CreateMonitor } from './monitor.ts';

export type Availability = 'unavailable' | 'downloadable' | 'downloading' | 'available';

export interface BuiltInAiOptions {
  /**
   * Opens the model, at the first `create`. `onProgress` wants the share that is there, from 0 to 1: of the download, or of the weights.
   *
   *     open: ({ onProgress, signal }) =>
   *       openModel({ hf: 'org/repo/file.gguf' }, { signal, onProgress: ({ doneBytes, totalBytes }) => onProgress(doneBytes / totalBytes) })
   */
  readonly open: (how: {
    readonly signal: AbortSignal;
    readonly onProgress: (share: number) => void;
  }) => Promise<Model>;
  /** What `availability` says before the model is open: `available` where it comes without a download. Default `downloadable`. */
  readonly availability?: (() => Availability | Promise<Availability>) | undefined;
  /** Whose models to use where the browser has some and can do what is asked: its own (`browser`), or always thimble's. Default `thimble`. */
  readonly prefer?: 'browser' | 'thimble' | undefined;
  /** Languages that the model knows, as tags: `['en', 'fr']`; for others, `availability` says `unavailable`. Default: it is left to the caller. */
  readonly languages?: readonly string[] | undefined;
  /** Whether a download needs a click of the user before it, as the specifications have it. Default: wherever clicks can be told. */
  readonly needsActivation?: boolean | undefined;
}

/** Every `create` takes these. */
export interface CreateOptions {
  readonly signal?: AbortSignal;
  readonly monitor?: (monitor: CreateMonitor) => void;
}

const hasClick = (): boolean => (globalThis.navigator as Navigator | undefined)?.userActivation?.isActive ?? true; // Node has no clicks

/** After the last event of progress a caller may still abort. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

export class Source {
  readonly options: BuiltInAiOptions;
  private opening: Promise<Model> | undefined;
  private opened: Model | undefined;
  private stop: AbortController | undefined;
  private readonly watchers = new Set<(share: number) => void>();

  constructor(options: BuiltInAiOptions) {
    this.options = options;
  }

  /** Whether the model is said to know all of these; undefined and null ask for none. */
  speaks(...tags: readonly (readonly string[] | string | null)[]): boolean {
    const { languages } = this.options;
    const known = languages && new Set(languages.map((tag) => new Intl.Locale(tag).language));
    return (
      areKnown(...tags) &&
      tags.flat().every((tag) => !known || tag === null || known.has(new Intl.Locale(tag).language))
    );
  }

  get openedModel(): Model | undefined {
    return this.opened;
  }

  async availability(): Promise<Availability> {
    if (this.opened) return 'available';
    if (this.opening) return 'downloading';
    return (await this.options.availability?.()) ?? 'downloadable';
  }

  /** The model, with the steps that `create` has in all of these interfaces: a click, a monitor, a signal. */
  async model(name: string, { signal, monitor }: CreateOptions): Promise<Model> {
    signal?.throwIfAborted();
    const tell = watched(monitor);
    const availability = await this.availability();
    if (availability === 'unavailable')
      throw new DOMException(`the ${name} cannot be had on this device`, 'NotSupportedError');
    const { needsActivation = true } = this.options;
    if (availability === 'downloadable' && needsActivation && !hasClick())
      throw new DOMException(`the model is not here yet; create a ${name} when the user clicks`, 'NotAllowedError');
    tell(0);
    this.watchers.add(tell);
    try {
      const model = await orAborted(this.open(), signal ?? new AbortController().signal);
      await progressed(tell, signal);
      return model;
    } finally {
      this.watchers.delete(tell);
      if (this.watchers.size === 0) this.leave();
    }
  }

  /** Opens it once for all; where that fails, the next call tries again. */
  private open(): Promise<Model> {
    if (this.opening) return this.opening;
    const stop = new AbortController();
    const onProgress = (share: number) => {
      if (share < 1 && !stop.signal.aborted) for (const tell of this.watchers) tell(share);
    };
    const opening = Promise.resolve().then(() => this.options.open({ signal: stop.signal, onProgress }));
    this.opening = opening;
    this.stop = stop;
    opening.then(
      (model) => {
        if (this.opening === opening) this.opened = model;
        else void model.close(); // nobody waited for it
      },
      () => {
        if (this.opening === opening) this.opening = undefined;
      },
    );
    return opening;
  }

  /** Nobody waits any more: what is not open yet need not be. */
  private leave(): void {
    if (this.opened) return;
    this.opening = undefined;
    this.stop?.abort();
  }
}

/** The end of a download is told before the object is there. */
export async function progressed(tell: (share: number) => void, signal: AbortSignal | undefined): Promise<void> {
  tell(1);
  await turn();
  signal?.throwIfAborted();
}
