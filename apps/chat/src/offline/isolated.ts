/** The headers that give pages and their workers shared memory, on any host. */

const kinds: ReadonlySet<RequestDestination> = new Set(['document', 'iframe', 'frame', 'worker', 'sharedworker']);

export const decides = ({ destination, url }: Request): boolean =>
  kinds.has(destination) && new URL(url).origin === self.location.origin;

function isolationHeaders(): Readonly<Record<string, string>> {
  const chrome = Number(/Chrome\/(\d+)/.exec(navigator.userAgent)?.[1]);
  if (chrome >= 146) return { 'Document-Isolation-Policy': 'isolate-and-require-corp' };
  return { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
}

export function isolated(response: Response, request: Request): Response {
  if (!decides(request) || response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(isolationHeaders())) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
