/** Hosts that the user chooses for models. The page's policy keeps it from talking to any other. */
import { noteRequest } from '../app/network.ts';
import { chooseHosts, chosenHosts, forgetHost } from './allow_list.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** The message is for the user. */
export class HostError extends Error {
  override readonly name = 'HostError';
}

export { chosenHosts, forgetHost };

/**
 * Lets the page talk to the host of an address, and to the one that this leads to.
 * @returns `reload`, where the policy holds from the next load on
 * @throws HostError where the host does not answer pages, or this browser has no service worker: then the file can be downloaded and opened
 */
export async function allowHost(url: string): Promise<'now' | 'reload'> {
  const { origin } = new URL(url, location.href);
  if (origin === location.origin) return 'now';
  const worker = 'serviceWorker' in navigator ? navigator.serviceWorker.controller : null;
  if (!worker) {
    const why = 'This page has no service worker yet, which lets it talk to other hosts';
    throw new HostError(`${why}: reload it, or download the file and open it here.`);
  }
  noteRequest(url);
  const found = await ask(worker, { type: 'look', url });
  if ('error' in found)
    throw new HostError(
      `${origin} does not answer, or does not let pages read its files (CORS): download the file and open it here.`,
    );
  await chooseHosts(found.hosts);
  return found.hosts.every(isAllowed) ? 'now' : 'reload';
}

function ask(worker: ServiceWorker, message: ToWorker): Promise<FromWorker> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data as FromWorker);
    worker.postMessage(message, [port2]);
  });
}

/** What this page's own policy says: it was made when the page was loaded. */
function isAllowed(host: string): boolean {
  const policy = document.querySelector<HTMLMetaElement>('meta[http-equiv="Content-Security-Policy"]')?.content ?? '';
  const [, sources = ''] = /connect-src ([^;]*)/.exec(policy) ?? [];
  return host === location.origin || sources.split(' ').some((source) => covers(source, host));
}

const covers = (source: string, host: string): boolean =>
  source === host || (source.includes('//*.') && host.startsWith('https://') && host.endsWith(source.split('*')[1]!));
