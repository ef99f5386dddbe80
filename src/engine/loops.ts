/** Spans up to this many tokens are compared. */
const MAX_PERIOD = 256;

/** An answer loops when its last tokens are one span over and over: three times at least, and so many tokens in all. */
const MIN_REPEATS = 3;
const MIN_TOKENS = 192;

/** Watches whether an answer repeats itself to the token, and will go on so for ever. */
export class Loops {
  private readonly latest = new Int32Array(MAX_PERIOD).fill(-1); // a ring
  private readonly nSame = new Int32Array(MAX_PERIOD + 1); // [period]: how many tokens have been those `period` places before
  private n = 0;

  /** Takes the next token; true once the answer loops. */
  push(token: number): boolean {
    const { latest, nSame, n } = this;
    let loops = false;
    for (let period = 1; period <= MAX_PERIOD; period++) {
      const isSame = latest[(n + MAX_PERIOD - period) % MAX_PERIOD] === token;
      nSame[period] = isSame ? nSame[period]! + 1 : 0;
      if (isSame && nSame[period]! + period >= Math.max(MIN_TOKENS, MIN_REPEATS * period)) loops = true;
    }
    latest[n % MAX_PERIOD] = token;
    this.n++;
    return loops;
  }
}
