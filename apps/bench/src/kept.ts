import { readResult, rounded, type DeviceResult } from '../../../bench/measure/result.ts';

/** A measurement as this browser keeps it: a tab that is closed or killed loses the step under way, and no more. */
export interface Kept {
  readonly result: DeviceResult;
  /** Steps of the plan that are done; all of them when it is finished. */
  readonly nDone: number;
  readonly nSteps: number;
}

const KEY = 'thimble-bench';

/** Storage may be full, or forbidden: then the page works, and forgets. */
export function keep(kept: Kept): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...kept, result: rounded(kept.result) }));
  } catch {
    // told by nothing: what is on the page is still there
  }
}

export function readKept(): Kept | undefined {
  try {
    const { result, nDone, nSteps } = JSON.parse(localStorage.getItem(KEY) ?? '') as Kept;
    if (!Number.isInteger(nDone) || !Number.isInteger(nSteps)) return undefined;
    return { result: readResult(result), nDone, nSteps };
  } catch {
    return undefined; // nothing is kept, or an older form of it
  }
}

export function forget(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // forbidden: then nothing is kept either
  }
}
