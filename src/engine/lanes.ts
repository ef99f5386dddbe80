/** What a call must not run beside: others of its lane; all others; nothing. */
export type Lane = string | 'all' | undefined;

interface Waiting {
  readonly lane: Lane;
  readonly begin: () => void;
}

/** Calls in their order: those of one lane one after the other, others at the same time. */
export class Lanes {
  private readonly running = new Map<Lane, number>();
  private nRunning = 0;
  private waiting: Waiting[] = [];

  /** Begins now, if nothing is in the way, or later. Who begins says when it is over: `leave`. */
  enter(lane: Lane, begin: () => void): void {
    if (this.waiting.length === 0 && this.isFree(lane)) this.begin({ lane, begin });
    else {
      this.waiting.push({ lane, begin });
      this.beginNext();
    }
  }

  leave(lane: Lane): void {
    this.nRunning--;
    this.running.set(lane, this.running.get(lane)! - 1);
    if (this.running.get(lane) === 0) this.running.delete(lane);
    this.beginNext();
  }

  private isFree(lane: Lane): boolean {
    if (this.running.has('all')) return false;
    return lane === 'all' ? this.nRunning === 0 : lane === undefined || !this.running.has(lane);
  }

  private begin({ lane, begin }: Waiting): void {
    this.nRunning++;
    this.running.set(lane, (this.running.get(lane) ?? 0) + 1);
    begin();
  }

  /** Nobody passes one of the same lane, or one that wants to be alone. */
  private beginNext(): void {
    const blocked = new Set<Lane>();
    for (const next of [...this.waiting]) {
      if (blocked.has('all')) return;
      if (this.isFree(next.lane) && !(next.lane !== undefined && blocked.has(next.lane))) {
        this.waiting = this.waiting.filter((other) => other !== next);
        this.begin(next);
      } else if (next.lane !== undefined) blocked.add(next.lane);
    }
  }
}
