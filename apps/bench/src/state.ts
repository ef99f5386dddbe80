import { signal } from '@preact/signals';
import type { DeviceResult } from '../../../bench/measure/result.ts';
import type { Kept } from './kept.ts';
import type { DeviceFeatures } from './measuring/messages.ts';

/** The model that comes with the page, picked files, or one in the store. */
export type ModelChoice =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'files'; readonly files: readonly File[] }
  | { readonly kind: 'store'; readonly name: string };

/** What the user can choose. */
export interface Options {
  readonly plan: 'full' | 'quick';
  /** Undefined: as many as the device has cores, at most 8. */
  readonly threads: number | undefined;
  readonly model: ModelChoice;
}

/** What is under way. */
export interface Running {
  readonly kind: 'plan' | 'sustained';
  readonly title: string;
  /** 0 to 1. */
  readonly doneShare: number;
  /** Undefined while nobody knows. */
  readonly secondsLeft: number | undefined;
  /** The page was left; the step begins again when somebody is back. */
  readonly isPaused: boolean;
}

/** A step that failed; the others went on. */
export interface Failure {
  readonly titles: readonly string[];
  readonly message: string;
}

/** What can be measured here; undefined until a worker has looked. */
export const features = signal<DeviceFeatures | undefined>(undefined);

/** This device's result, finished or not. */
export const own = signal<Kept | undefined>(undefined);

/** Whole models in this browser's store, which the chat app fills. */
export const stored = signal<readonly { readonly name: string; readonly sizeBytes: number }[]>([]);

/** Somebody else's, out of the address. */
export const shared = signal<DeviceResult | undefined>(undefined);

/** Results out of files that the user opened, to compare with. */
export const opened = signal<readonly DeviceResult[]>([]);

export const running = signal<Running | undefined>(undefined);
export const failures = signal<readonly Failure[]>([]);

/** What went wrong apart from steps: a link, a file. */
export const problem = signal<string | undefined>(undefined);

export const options = signal<Options>({ plan: 'full', threads: undefined, model: { kind: 'embedded' } });

/** Adds a failed step; those with the same message are told together. */
export function addFailure(title: string, message: string): void {
  const same = failures.value.find((one) => one.message === message);
  failures.value = same
    ? failures.value.map((one) => (one === same ? { ...one, titles: [...one.titles, title] } : one))
    : [...failures.value, { titles: [title], message }];
}
