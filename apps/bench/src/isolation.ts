import { running } from './state.ts';

const RELOADED = 'thimble-bench-reloaded';

/**
 * Threads share memory only in an isolated page. Hosts that send no headers serve the apps' service worker all the same, and it brings
 * the headers along: from the second load on, which this asks for once.
 */
export async function askForIsolation(): Promise<void> {
  if (crossOriginIsolated || !import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  const address = new URL('../service_worker.js', location.href);
  const registration = await serviceWorker.register(address).catch(() => undefined); // not there, or not allowed
  if (!registration) return;
  await serviceWorker.ready;
  if (running.value || sessionStorage.getItem(RELOADED)) return;
  sessionStorage.setItem(RELOADED, 'yes');
  location.reload();
}
