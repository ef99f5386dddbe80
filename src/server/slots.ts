import { HttpError } from './http_error.ts';
import type { ServedModel, ServedSession, Slot, SlotPool } from './served.ts';

interface Place {
  session: ServedSession | undefined;
  isBusy: boolean;
  /** What it read last: a prompt that begins so is read from there on. */
  text: string;
  usedAt: number;
}

interface Waiting {
  readonly text: string;
  take(slot: Slot): void;
}

export interface SlotLimits {
  /** Sessions at a time. */
  readonly nSlots: number;
  /** Requests that may wait for one. */
  readonly maxWaiting: number;
  /** Sessions that nobody used for so long give their memory back. Default: they stay as long as the model. */
  readonly idleMs?: number;
}

/** A prompt that shares at least this part of itself with what a session has read goes there, even if another one is new. */
const SHARED = 0.5;

/** The sessions of a model. Requests that find none free wait: first come, first served. */
export class Slots implements SlotPool {
  private readonly model: ServedModel;
  private readonly limits: SlotLimits;
  private readonly places: Place[];
  private readonly waiting: Waiting[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: ServedModel, limits: SlotLimits) {
    this.model = model;
    this.limits = limits;
    this.places = Array.from({ length: limits.nSlots }, () => ({
      session: undefined,
      isBusy: false,
      text: '',
      usedAt: 0,
    }));
  }

  get nSlots(): number {
    return this.places.length;
  }

  get nBusy(): number {
    return this.areBusy.filter((isBusy) => isBusy).length;
  }

  get areBusy(): readonly boolean[] {
    return this.places.map(({ isBusy }) => isBusy);
  }

  get nWaiting(): number {
    return this.waiting.length;
  }

  /** A free session, the one that knows most of the text. @throws HttpError where too many wait */
  take(text: string, signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    const free = this.waiting.length === 0 ? this.best(text) : undefined;
    if (free) return Promise.resolve(this.use(free, text));
    const { maxWaiting } = this.limits;
    if (this.waiting.length >= maxWaiting)
      throw new HttpError(503, `${maxWaiting} requests wait for this model already; try again later`, {
        headers: { 'Retry-After': '2' },
      });
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        reject(signal.reason as Error);
      };
      const entry = {
        text,
        take(slot: Slot) {
          signal.removeEventListener('abort', leave);
          resolve(slot);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.push(entry);
    });
  }

  /** Gives memory back. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    await Promise.all(this.places.map((place) => this.empty(place)));
  }

  private async empty(place: Place): Promise<void> {
    const { session } = place;
    place.session = undefined;
    place.text = '';
    await session?.close().catch(() => undefined); // a thread that has died holds nothing
  }

  private best(text: string): Place | undefined {
    const free = this.places.filter(({ isBusy }) => !isBusy);
    const known = free
      .map((place) => ({ place, nShared: nSharedOf(place.text, text) }))
      .sort((a, b) => b.nShared - a.nShared);
    const [most] = known;
    if (most && most.nShared >= SHARED * text.length) return most.place;
    return free.sort((a, b) => a.usedAt - b.usedAt)[0]; // one that was never used, or not for the longest time
  }

  private use(place: Place, text: string): Slot {
    clearTimeout(this.timer);
    place.isBusy = true;
    place.text = text;
    place.session ??= this.model.openSession();
    let isHeld = true;
    const release = (isSound = true): void => {
      if (!isHeld) return;
      isHeld = false;
      place.usedAt = performance.now();
      const done = isSound ? Promise.resolve() : this.empty(place);
      void done.then(() => {
        place.isBusy = false;
        this.next();
      });
    };
    return { session: place.session, release };
  }

  private next(): void {
    const [first] = this.waiting;
    const free = first && this.best(first.text);
    if (first && free) {
      this.waiting.shift();
      first.take(this.use(free, first.text));
    } else this.sleep();
  }

  private sleep(): void {
    const { idleMs } = this.limits;
    if (idleMs === undefined || this.nBusy > 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.close(), idleMs);
    (this.timer as { unref?(): void }).unref?.(); // a program may end before
  }
}

/** How many characters two texts begin with alike. */
function nSharedOf(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let n = 0;
  while (n < most && a.charCodeAt(n) === b.charCodeAt(n)) n++;
  return n;
}
