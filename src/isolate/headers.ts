/** Requests whose answers decide about isolation: pages, frames and the scripts of workers. All others go their way, untouched. */
const kinds: ReadonlySet<RequestDestination> = new Set(['document', 'iframe', 'frame', 'worker', 'sharedworker']);

/** Chrome has Document-Isolation-Policy on all devices from this version on. */
const POLICY_CHROME = 146;

/**
 * The headers that give a page shared memory in this browser. Chromium's own one needs nothing of pop-ups and foreign frames, and works in
 * a frame of a foreign page. Elsewhere it takes two; `credentialless` lets foreign images and scripts in that say nothing, and Safari does
 * not have it.
 */
export function isolationHeaders(userAgent = navigator.userAgent): Readonly<Record<string, string>> {
  const chrome = /Chrome\/(\d+)/.exec(userAgent)?.[1];
  if (Number(chrome) >= POLICY_CHROME) return { 'Document-Isolation-Policy': 'isolate-and-credentialless' };
  const embedder = chrome || /\bFirefox\//.test(userAgent) ? 'credentialless' : 'require-corp';
  return { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': embedder };
}

/** Whether an answer to this request decides about isolation. */
export const decides = ({ destination, url }: Request): boolean =>
  kinds.has(destination) && new URL(url).origin === self.location.origin;

/**
 * A service worker's answer with the headers of isolation. What decides nothing comes back as it is, and so do answers that nobody may look
 * into.
 *
 *     self.addEventListener('fetch', (event) => event.respondWith(answer(event.request).then((response) => isolated(response, event.request))));
 */
export function isolated(response: Response, request: Request): Response {
  if (!decides(request) || response.status === 0) return response; // 0: a redirect or an error, or of a foreign origin
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(isolationHeaders())) headers.set(name, value);
  const { body, status, statusText } = response;
  return new Response(body, { status, statusText, headers });
}
