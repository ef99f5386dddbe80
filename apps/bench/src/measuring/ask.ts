import type { Job, Report } from './messages.ts';

/** Somebody stopped it: not an error to tell. */
export class Stopped extends Error {
  override name = 'AbortError';
}

type Answer<K extends Report['kind']> = Extract<Report, { kind: K }>;

/**
 * Has a worker of its own do one job. When it ends, however it ends, the worker goes, with the threads that it started and all of
 * its memory: a phone's tab could not afford to wait for a garbage collector.
 */
export function ask<J extends Job>(
  job: J,
  { signal, onReport }: { readonly signal?: AbortSignal; readonly onReport?: (report: Report) => void } = {},
): Promise<Answer<J['kind']>> {
  return new Promise<Answer<J['kind']>>((resolve, reject) => {
    if (signal?.aborted) return reject(new Stopped());
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: `bench ${job.kind}` });
    const end = (settle: () => void): void => {
      worker.terminate();
      settle();
    };
    signal?.addEventListener('abort', () => end(() => reject(new Stopped())), { once: true });
    worker.onerror = (event) => {
      event.preventDefault();
      const why = event.message || 'its script cannot be loaded; is the network there?';
      end(() => reject(new Error(`the measuring thread failed: ${why}`)));
    };
    worker.onmessage = ({ data }: MessageEvent<Report>) => {
      if (data.kind === 'error') end(() => reject(new Error(data.message)));
      else if (data.kind === job.kind) end(() => resolve(data as Answer<J['kind']>));
      else onReport?.(data);
    };
    worker.postMessage(job);
  });
}
