/** Decides how many tokens to guess. */
export interface Pace {
  /** How many guesses the next step should verify, 0 … `most`. */
  length(most: number): number;
  /** Learns whether a guess came true: each one that did, and the first one that did not. */
  seen(hit: boolean): void;
  /** Learns how long a step took that verified `nGuesses`, with the time to make them. */
  ran(nGuesses: number, ms: number): void;
}

/** Always the same number. */
export const steadyPace = (nDraft: number): Pace => ({
  length: (most) => Math.min(most, nDraft),
  seen: () => undefined,
  ran: () => undefined,
});

/** The beliefs before anything is measured: a guess is as good as a coin, and costs a quarter of a step. */
const HIT_RATE = 0.5;
const GUESS_COST = 0.25;

/** Share of the latest measurement in a running mean. */
const NEW_HIT = 0.1;
const NEW_COST = 0.3;

/** Steps without guesses that are measured before the first guess, and steps with guesses until one without is measured again. */
const FIRST_PLAIN = 4;
const PLAIN_EVERY = 64;

/** How fast, per step, an unmeasured number returns to the first belief, so that it is tried again some day. */
const FORGET = 0.003;

/** How fast the cost of an untried number of guesses nears the line through the others. */
const ALIGN = 0.03;

/**
 * Guesses as many tokens as pay, and measures while it goes on. A step with n guesses makes 1 + p + … + pⁿ tokens, where `p`
 * is the share of guesses that come true; it takes `cost[n]` times as long as one without. The n with most tokens per time
 * wins. That is 0 where arithmetic bounds the processor, or where nobody can guess the text. Costs are measured for each n,
 * because kernels work by tiles; unmeasured costs lie on a line. Only speed depends on clocks: the text is the same at any
 * pace.
 *
 * @param isFree guesses are made even while none are verified, so the share of hits is always up to date.
 */
export function measuredPace(nDraft: number, isFree: boolean): Pace {
  let guessCost = GUESS_COST; // slope of the line, in steps without guesses
  const cost = Float64Array.from({ length: nDraft + 1 }, (_, n) => 1 + guessCost * n); // in steps without guesses
  let hitRate = HIT_RATE;
  let plainMs = 0;
  let nPlain = 0;
  let nSincePlain = 0;

  function forget(): void {
    if (!isFree) hitRate += FORGET * (HIT_RATE - hitRate);
    guessCost += FORGET * (GUESS_COST - guessCost);
    for (let n = 1; n <= nDraft; n++) cost[n]! += ALIGN * (1 + guessCost * n - cost[n]!);
  }

  return {
    length(most) {
      if (nPlain < FIRST_PLAIN || nSincePlain >= PLAIN_EVERY) return 0;
      let best = 0;
      let bestRate = 1;
      let nTokens = 1;
      for (let n = 1, chance = hitRate; n <= Math.min(most, nDraft); n++, chance *= hitRate) {
        nTokens += chance;
        const rate = nTokens / cost[n]!;
        if (rate <= bestRate) continue;
        best = n;
        bestRate = rate;
      }
      return best;
    },
    seen(hit) {
      hitRate += NEW_HIT * ((hit ? 1 : 0) - hitRate);
    },
    ran(nGuesses, ms) {
      forget();
      if (nGuesses > 0) {
        const ratio = ms / plainMs;
        cost[nGuesses]! += NEW_COST * (ratio - cost[nGuesses]!);
        guessCost += NEW_COST * ((ratio - 1) / nGuesses - guessCost);
        nSincePlain++;
      } else {
        plainMs += Math.max(NEW_COST, 1 / ++nPlain) * (ms - plainMs);
        nSincePlain = 0;
      }
    },
  };
}
