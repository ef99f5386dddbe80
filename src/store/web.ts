/** The store in a page: jobs run in a thread of their own, which alone may write to OPFS, and hashes there. */
import { ResourceError } from '../base/errors.ts';
import type { Files } from '../platform/platform.ts';
import { files, inlinedFiles, spawn } from '#platform';
import { browserPlace, removeOrphans } from './browser_place.ts';
import type { JobHooks } from './download.ts';
import { revived, type FromThread, type ToThread } from './job_messages.ts';
import type { ModelRecord } from './place.ts';
import type { StorePlatform } from './platform.ts';
import { stopped } from './trouble.ts';

let cleaned: Promise<void> | undefined;

export const openPlace: StorePlatform['openPlace'] = async () => {
  await (cleaned ??= removeOrphans().catch(() => undefined)); // another time, then
  return browserPlace('none');
};

export const startJob: StorePlatform['startJob'] = async (_, job, hooks) => {
  const own = await files();
  if (hooks.signal.aborted) throw stopped(hooks.signal);
  try {
    return await inThread(own, { job }, hooks);
  } catch (error) {
    const others = isMissing.has(error as Error) ? await inlinedFiles() : undefined;
    if (!others || others === own) throw error;
    return inThread(others, { job }, hooks);
  }
};

/** Errors of threads whose script was not there. */
const isMissing = new WeakSet<Error>();

function inThread(from: Files, start: ToThread, { onProgress, signal }: JobHooks): Promise<ModelRecord> {
  const thread = spawn(new URL(from['store']!), 'thimble store');
  const stop = (): void => thread.post({ stop: true } satisfies ToThread);
  const ended = new Promise<ModelRecord>((resolve, reject) => {
    thread.onMessage((data) => {
      const message = data as FromThread;
      if ('progress' in message) onProgress(message.progress);
      else if ('record' in message) resolve(message.record);
      else reject(signal.aborted ? stopped(signal) : revived(message.error));
    });
    thread.onDeath((reason, missing) => {
      const what = missing
        ? `the store's thread cannot start: ${reason.message}; serve it beside the library's script, and let the page's Content-Security-Policy allow it (worker-src 'self')`
        : `the store's thread died: ${reason.message}; what has come is kept, try again`;
      const error = new ResourceError(what, { cause: reason });
      if (missing) isMissing.add(error);
      reject(error);
    });
    signal.addEventListener('abort', stop, { once: true });
    thread.post(start);
  });
  return ended.finally(() => {
    signal.removeEventListener('abort', stop);
    void thread.terminate();
  });
}

export const askToPersist: StorePlatform['askToPersist'] = async () => {
  const { storage } = navigator as { storage?: StorageManager };
  return (await storage?.persist?.().catch(() => false)) ?? false;
};

export const plainSourceOf: StorePlatform['plainSourceOf'] = async (_, record) => ({ stored: record });
