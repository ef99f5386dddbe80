/** The service worker's life as the page sees it: it makes the page work without a network, and brings new versions. */
import type { ToWorker } from './messages.ts';

export interface OfflineOptions {
  /** Whether nothing would be lost by a reload right now. The first visit is loaded again once, for threads, on hosts that send no headers. */
  readonly mayReload: () => boolean;
  /** A new version is there; `reload` shows it. Call that when the user wants it: never in the middle of an answer. */
  readonly onUpdate: (reload: () => void) => void;
}

const updateEveryMs = 3_600_000;
/** In this tab's memory: the page was loaded again for threads. */
const triedKey = 'thimble: loaded again for threads';

/** Does nothing where there are no service workers: private windows, pages without TLS, Vite's own server. */
export async function startOffline({ mayReload, onUpdate }: OfflineOptions): Promise<void> {
  if (import.meta.hot || !('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  const address = new URL('./service_worker.js', document.baseURI);
  const registration = await serviceWorker.register(address, { updateViaCache: 'none' }).catch(() => undefined);
  if (!registration) return;
  watch(registration, onUpdate);
  const { active } = await serviceWorker.ready;
  if (!crossOriginIsolated && canBeIsolated() && mayReload() && isFirstTry()) return location.reload();
  active?.postMessage({ type: 'keepFiles' } satisfies ToWorker);
}

/** In the frame of another page only Chromium has a way. */
const canBeIsolated = (): boolean => self.parent === self || 'userAgentData' in navigator;

/** A page that is not isolated even so, in a frame perhaps, is not loaded again and again. */
function isFirstTry(): boolean {
  if (sessionStorage.getItem(triedKey) !== null) return false;
  sessionStorage.setItem(triedKey, 'yes');
  return true;
}

function watch(registration: ServiceWorkerRegistration, onUpdate: OfflineOptions['onUpdate']): void {
  const { serviceWorker } = navigator;
  const tell = (waiting: ServiceWorker): void => {
    if (!serviceWorker.controller) return; // the first one
    onUpdate(() => {
      serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
      waiting.postMessage({ type: 'takeOver' } satisfies ToWorker);
    });
  };
  if (registration.waiting) tell(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const { installing } = registration;
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed') tell(installing);
    });
  });
  let checkedAt = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || Date.now() - checkedAt < updateEveryMs) return;
    checkedAt = Date.now();
    void registration.update().catch(() => undefined);
  });
}
