/** In this tab's memory: the page was loaded again for isolation, and did not get it. */
const TRIED = 'thimble: loaded again for isolation';

/**
 * Has a service worker isolate this page: registers it, unless the page has one, and loads the page again, once, when it is there. Call it
 * before anything else.
 * @param worker the address of a service worker that answers with `isolated`
 * @returns whether the page is isolated; a page that is loaded again never hears of it. Where it cannot be, everything works on one thread.
 */
export async function isolatePage(worker: string | URL): Promise<boolean> {
  try {
    if (crossOriginIsolated) sessionStorage.removeItem(TRIED);
    if (crossOriginIsolated || !mayBeIsolated()) return crossOriginIsolated;
    const container = navigator.serviceWorker;
    const registration = (await container.getRegistration()) ?? (await container.register(trusted(worker)));
    if (!self.location.href.startsWith(registration.scope))
      throw new Error(`it serves ${registration.scope}; put it into the folder of the page, or above`);
    await started(registration);
    if (sessionStorage.getItem(TRIED)) return false; // never twice
    sessionStorage.setItem(TRIED, 'yes');
  } catch (error) {
    console.warn(`thimble: ${String(worker)} cannot isolate this page: ${(error as Error).message}`);
    return crossOriginIsolated;
  }
  self.location.reload();
  return new Promise(() => undefined);
}

/** A worker that cannot be installed never gets ready. */
function started({ active, waiting, installing }: ServiceWorkerRegistration): Promise<unknown> {
  const worker = installing ?? waiting;
  if (active || !worker) return navigator.serviceWorker.ready;
  const failed = new Promise((_, reject) => {
    const look = () => worker.state === 'redundant' && reject(new Error('its installation failed'));
    worker.addEventListener('statechange', look);
    look();
  });
  return Promise.race([navigator.serviceWorker.ready, failed]);
}

/** Not where there are no service workers, and not in the frame of another page, unless Chromium's own policy is there. */
function mayBeIsolated(): boolean {
  if (!isSecureContext || !('serviceWorker' in navigator)) return false;
  return self.parent === self || 'userAgentData' in navigator;
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): URL };
}

/** Pages that ask for Trusted Types allow the policy by its name: `trusted-types thimble-isolate`. */
function trusted(worker: string | URL): string | URL {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy('thimble-isolate', { createScriptURL: (url) => url });
  return policy?.createScriptURL(String(worker)) ?? worker;
}
