/** Whether a model would run here, before it is fetched: an estimate from its size and from what this device is likely to give. */
import { bytes } from '../app/format.ts';

export interface Fit {
  readonly verdict: 'fits' | 'tight' | 'no';
  readonly needsBytes: number;
  readonly allowedBytes: number;
  /** A sentence for the reader. */
  readonly reason: string;
}

interface Needs {
  readonly sizeBytes: number;
  readonly kvBytesPerToken: number;
}

/** Scratch of a step, code, and what the page itself takes. */
const WORK_BYTES = 90e6;

/** Safari ends a tab at 1.5 GB without a word; no other browser says less than its device's memory. */
const IOS_BYTES = 1.0e9;

export function allowedBytes(): number {
  if (isIos()) return IOS_BYTES;
  const memory = (navigator as { deviceMemory?: number }).deviceMemory; // in GB, Chromium only
  return Math.min(memory === undefined ? 2.0e9 : memory * 0.5e9, 4.0e9);
}

const isIos = (): boolean =>
  /iP(hone|ad|od)/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

export function estimateFit({ sizeBytes, kvBytesPerToken }: Needs, nCtx: number): Fit {
  const needsBytes = sizeBytes + kvBytesPerToken * nCtx + WORK_BYTES;
  const allowed = allowedBytes();
  const verdict = needsBytes > allowed ? 'no' : needsBytes > 0.75 * allowed ? 'tight' : 'fits';
  return { verdict, needsBytes, allowedBytes: allowed, reason: reasons[verdict](needsBytes, allowed) };
}

const reasons = {
  fits: (needs: number) => `Needs ${bytes(needs)} of memory.`,
  tight: (needs: number, allowed: number) =>
    `Needs ${bytes(needs)} of the ${bytes(allowed)} that this browser is likely to give. Close other apps first.`,
  no: (needs: number, allowed: number) =>
    `Needs ${bytes(needs)} of memory; this browser is likely to give ${bytes(allowed)}. A shorter context or a smaller model may fit.`,
};
