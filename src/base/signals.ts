/** What `promise` comes to, unless `signal` is aborted before. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortReason(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** What a signal was aborted with, as an error. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('The operation was aborted', 'AbortError');
}

/** Aborts `controller` when one of the signals is, until what it returns is called; AbortSignal.any is younger than the engines that this runs on. */
export function link(signals: readonly AbortSignal[], controller: AbortController): () => void {
  const abort = () => controller.abort(signals.find(({ aborted }) => aborted)?.reason);
  if (signals.some(({ aborted }) => aborted)) abort();
  for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
  return () => signals.forEach((signal) => signal.removeEventListener('abort', abort));
}

/** Throws on what a promise failed with, unless it is what the signal was aborted with. */
export const unlessItIs =
  (signal: AbortSignal | undefined) =>
  (error: unknown): undefined => {
    if (!signal?.aborted || error !== signal.reason) throw error;
  };
