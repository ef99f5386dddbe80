import type { StoredSpeeds } from './stored_worker.ts';

/** What a worker of this page measures. */
export function storedInPage(): Promise<StoredSpeeds> {
  const worker = new Worker(new URL('/bench/dist/stored_worker.js', location.href), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<{ speeds?: StoredSpeeds; error?: string }>) =>
      data.speeds ? resolve(data.speeds) : reject(new Error(data.error));
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}
