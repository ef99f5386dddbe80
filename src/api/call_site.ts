import { plainError, revivedError } from '../protocol/messages.ts';

/** The caller's line: an error whose stack is made at the call, and looked at only when something goes wrong. */
export type CallSite = Error;

export const callSite = (): CallSite => new Error('the call');

/** An error that several calls fail with, as the one at `site` sees it. */
export function seenFrom(site: CallSite, error: Error): Error {
  const seen = revivedError(plainError(error), site.stack);
  if (error.cause !== undefined) seen.cause = error.cause;
  return seen;
}
