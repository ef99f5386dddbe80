import { FormatError, ResourceError, UnsupportedError } from '../base/errors.ts';
import type { Job } from './jobs.ts';
import type { ModelRecord } from './place.ts';
import type { StoreProgress } from './types.ts';

/** To a thread that does one job. */
export type ToThread = { readonly job: Job } | { readonly stop: true };

export type FromThread =
  | { readonly progress: StoreProgress }
  | { readonly record: ModelRecord }
  | { readonly error: { readonly name: string; readonly message: string } };

const classes = { FormatError, UnsupportedError, ResourceError, TypeError, RangeError, Error };

/** An error again that was plain data: structured clones of errors lose their class. */
export function revived({ name, message }: { readonly name: string; readonly message: string }): Error {
  if (name === 'AbortError') return new DOMException(message, name);
  return new (classes[name as keyof typeof classes] ?? Error)(message);
}
