import { plainError, revivedError, type PlainError } from '../protocol/messages.ts';

/** The caller's line: an error whose stack is made at the call, and looked at only when something goes wrong. */
export type CallSite = Error;

export const callSite = (): CallSite => new Error('the call');

/** An error of the engine's thread, as whoever called from `site` sees it. */
export const errorAt = (site: CallSite, error: PlainError): Error => revivedError(error, callerLines(site));

/** An error that comes from deep inside, or that several calls fail with, as the one at `site` sees it. */
export function seenFrom(site: CallSite, error: Error): Error {
  if (error.name === 'AbortError') return error;
  const seen = errorAt(site, plainError(error));
  if (error.cause !== undefined) seen.cause = error.cause;
  return seen;
}

/** The stack without the library's own lines, which stand in this file's bundle. */
function callerLines({ stack = '' }: CallSite): string {
  const lines = stack.split('\n').filter((line) => !line.includes(import.meta.url));
  return lines.length > 1 ? lines.join('\n') : stack;
}
