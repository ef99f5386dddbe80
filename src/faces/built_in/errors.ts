/** The platform's errors, as the specifications name them. */

export const abortError = (message: string): DOMException => new DOMException(message, 'AbortError');

interface QuotaError extends DOMException {
  readonly quota: number;
  readonly requested: number;
}

type QuotaErrorClass = new (message: string, options: { quota: number; requested: number }) => QuotaError;

/** What came is longer than there is room for. Browsers that have the class of this name get it, others an exception of the name. */
export function quotaError(requested: number, quota: number): DOMException {
  const message = `the input has ${requested} tokens, and there is room for ${quota}; shorten it`;
  const { QuotaExceededError: Known } = globalThis as { readonly QuotaExceededError?: QuotaErrorClass };
  if (Known) return new Known(message, { quota, requested });
  const error = new DOMException(message, 'QuotaExceededError');
  return Object.defineProperties(error, { quota: { value: quota }, requested: { value: requested } });
}

/** thimble's errors by the platform's names. A caller's own mistakes are TypeErrors and RangeErrors there, too. */
const names: Readonly<Record<string, string>> = {
  UnsupportedError: 'NotSupportedError',
  ResourceError: 'OperationError',
  FormatError: 'OperationError',
};

/** Whatever was thrown, as a page expects it. */
export function platformError(thrown: unknown): unknown {
  const name = thrown instanceof Error ? names[thrown.name] : undefined;
  if (name === undefined) return thrown;
  const error = new DOMException((thrown as Error).message, name);
  return Object.defineProperty(error, 'cause', { value: thrown });
}
