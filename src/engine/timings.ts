import type { Timings } from '../protocol/generation.ts';

/** Moments of an answer: the call, the prompt read, the first token, the end. */
export interface Moments {
  readonly startMs: number;
  readonly prefilledMs: number;
  /** 0: there was none. */
  readonly firstMs: number;
  readonly endMs: number;
}

export function timingsOf(loadMs: number, at: Moments, nRead: number, nGenerated: number): Timings {
  const prefillMs = at.prefilledMs - at.startMs;
  const firstMs = at.firstMs || at.endMs;
  const decodeMs = at.endMs - firstMs;
  return {
    loadMs,
    ttftMs: firstMs - at.startMs,
    prefillMs,
    prefillTps: perSecond(nRead, prefillMs),
    decodeMs,
    decodeTps: perSecond(nGenerated - 1, decodeMs),
  };
}

const perSecond = (n: number, ms: number): number => (n > 0 && ms > 0 ? (n * 1000) / ms : 0);
