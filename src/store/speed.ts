/** How fast bytes come, of the last seconds: old ones say little about a phone that moves. */
const WINDOW_MS = 5000;
const SAMPLE_MS = 200;

export class Speed {
  /** Times and what had come by then, the oldest first. */
  private samples: { readonly ms: number; readonly bytes: number }[] = [];

  add(bytes: number, ms = performance.now()): void {
    const last = this.samples.at(-1);
    if (last && bytes < last.bytes) this.samples = []; // it starts over
    if (last && ms - last.ms < SAMPLE_MS && this.samples.length > 1) return;
    this.samples.push({ ms, bytes });
    while (this.samples.length > 2 && ms - this.samples[0]!.ms > WINDOW_MS) this.samples.shift();
  }

  clear(): void {
    this.samples = [];
  }

  bytesPerSecond(bytes: number, ms = performance.now()): number {
    const first = this.samples[0];
    if (!first || ms - first.ms < SAMPLE_MS) return 0;
    return Math.max(0, ((bytes - first.bytes) / (ms - first.ms)) * 1000);
  }
}
