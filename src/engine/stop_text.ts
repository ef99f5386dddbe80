import { greatest, smallest } from '../base/numbers.ts';

/**
 * Holds back text that may turn out to be the start of a stop text, so that a stop text never appears in the output, not
 * even when it is spread over several tokens.
 */
export class StopText {
  private held = '';
  private readonly stops: readonly string[];

  /** @throws TypeError for an empty stop text, which every answer would start with. */
  constructor(stops: readonly string[]) {
    if (stops.some((stop) => typeof stop !== 'string' || stop === '')) {
      throw new TypeError(`stop is ${JSON.stringify(stops)}, expected texts of at least one character`);
    }
    this.stops = stops;
  }

  /** Takes new text, returns what may be shown, and whether a stop text was reached (nothing may follow then). */
  push(text: string): { readonly text: string; readonly stopped: boolean } {
    const all = this.held + text;
    const found = this.stops.map((stop) => all.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.held = '';
      return { text: all.slice(0, smallest(found)), stopped: true };
    }
    const nHeld = greatest(this.stops.map((stop) => overlap(all, stop)));
    this.held = all.slice(all.length - nHeld);
    return { text: all.slice(0, all.length - nHeld), stopped: false };
  }

  /** The rest, when the answer ended some other way. */
  flush(): string {
    const text = this.held;
    this.held = '';
    return text;
  }
}

/** Length of the longest proper start of `stop` that `text` ends with. */
function overlap(text: string, stop: string): number {
  for (let n = Math.min(text.length, stop.length - 1); n > 0; n--) {
    if (text.endsWith(stop.slice(0, n))) return n;
  }
  return 0;
}
