import { Speed } from './speed.ts';
import type { DownloadState } from '../platform/receiving.ts';
import type { StoreProgress } from './types.ts';

/** No more often; a state that changes is told at once. */
const TELL_MS = 100;

/** Adds up what the files of a model tell, and hands it on now and then. */
export class Teller {
  private readonly tell: (progress: StoreProgress) => void;
  private readonly speed = new Speed();
  private readonly doneOf: number[] = [];
  private totalBytes: number | undefined;
  private state: DownloadState = 'starting';
  private reason: string | undefined;
  private toldMs = 0;

  constructor(tell: (progress: StoreProgress) => void) {
    this.tell = tell;
  }

  total(bytes: number | undefined): void {
    this.totalBytes = bytes;
  }

  bytes(file: number, doneBytes: number, state: DownloadState): void {
    this.doneOf[file] = doneBytes;
    if (this.reason === undefined) this.become(state);
    if (this.state === 'running') this.speed.add(this.doneBytes);
    if (performance.now() - this.toldMs >= TELL_MS) this.tellNow();
  }

  /** Nothing comes, for this reason; undefined: it goes on. */
  wait(reason: string | undefined): void {
    if (reason === this.reason) return;
    this.reason = reason;
    this.become(reason === undefined ? 'running' : 'waiting');
  }

  become(state: DownloadState): void {
    if (state === this.state) return;
    this.state = state;
    if (state !== 'running') this.speed.clear();
    this.tellNow();
  }

  tellNow(): void {
    this.toldMs = performance.now();
    const { doneBytes, totalBytes, state, reason } = this;
    const bytesPerSecond = state === 'running' ? Math.round(this.speed.bytesPerSecond(doneBytes)) : 0;
    const isKnown = totalBytes !== undefined && bytesPerSecond > 0;
    const secondsLeft = isKnown ? (totalBytes - doneBytes) / bytesPerSecond : undefined;
    this.tell({
      state,
      doneBytes,
      totalBytes,
      bytesPerSecond,
      secondsLeft,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  private get doneBytes(): number {
    let bytes = 0;
    for (const done of this.doneOf) bytes += done ?? 0;
    return bytes;
  }
}
