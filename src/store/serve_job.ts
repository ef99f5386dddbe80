import { asError } from '../base/errors.ts';
import { host } from '#platform';
import { browserPlace } from './browser_place.ts';
import type { FromThread, ToThread } from './job_messages.ts';
import { runJob } from './jobs.ts';
import { opfsWorks } from './opfs.ts';

/** The thread's side: does the one job that it is told, and says how that goes. */
export function serveJob(): void {
  const port = host();
  const stop = new AbortController();
  const tell = (message: FromThread): void => port.post(message);
  port.onMessage((data) => {
    const message = data as ToThread;
    if ('stop' in message) return stop.abort();
    const run = async (): Promise<void> => {
      const place = browserPlace((await opfsWorks()) ? 'opfs' : 'pieces');
      const record = await runJob(place, message.job, {
        signal: stop.signal,
        onProgress: (progress) => tell({ progress }),
      });
      tell({ record });
    };
    run().catch((error: unknown) => {
      const { name, message } = asError(error);
      tell({ error: { name, message } });
    });
  });
}
