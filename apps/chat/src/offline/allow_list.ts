/**
 * Hosts that the user allowed, beside those of the catalogue. The list lies where the service worker reads it, too: from the next load on, the
 * page's policy lets it talk to them.
 */
import { modelHosts } from '../../policy.mjs';

const cacheName = 'thimble-hosts';
const address = './allowed-hosts.json';

export async function chosenHosts(): Promise<string[]> {
  const cache = await caches.open(cacheName);
  const stored = await cache.match(address);
  const list: unknown = stored ? await stored.json().catch(() => []) : [];
  return Array.isArray(list) ? list.filter(isOrigin) : [];
}

/** A policy is made of them: nothing else may get in. */
const isOrigin = (host: unknown): host is string =>
  typeof host === 'string' && /^https?:\/\/[\w.-]+(:\d+)?$/.test(host);

/** @returns whether one of them is new */
export async function chooseHosts(hosts: readonly string[]): Promise<boolean> {
  const before = await chosenHosts();
  const after = [...new Set([...before, ...hosts.filter(isOrigin).filter((host) => !isOffered(host))])];
  await store(after);
  return after.length > before.length;
}

export const forgetHost = async (host: string): Promise<void> =>
  store((await chosenHosts()).filter((each) => each !== host));

async function store(hosts: readonly string[]): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.put(address, new Response(JSON.stringify(hosts)));
}

/** Whether the policy allows the host without being asked. */
function isOffered(host: string): boolean {
  return modelHosts.some((offered) =>
    offered.includes('*') ? host.startsWith('https://') && host.endsWith(offered.split('*')[1]!) : host === offered,
  );
}
