/** One function from Request to Response: who may ask, what is asked, and what becomes of errors. */
import type { Context, Notes } from './context.ts';
import { errorBody, HttpError, httpErrorOf, type Api } from './http_error.ts';
import { Metrics } from './metrics.ts';
import { KeptResponses } from './openai/kept_responses.ts';
import { errorResponse, streamed } from './respond.ts';
import { findRoute, type Found } from './routes.ts';
import type { Served, ServedOptions } from './served.ts';

/** A line of the log. */
export interface RequestNote extends Notes {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** From the request to the end of its answer. */
  readonly ms: number;
  readonly error?: string | undefined;
}

export interface HandlerOptions {
  /** Requests must have one of these keys: `Authorization: Bearer KEY`. Default: none is needed. */
  readonly apiKeys?: readonly string[];
  /** Origins of pages that may ask, or `*`. Absent: whoever calls the function may. */
  readonly origins?: readonly string[];
  /**
   * Names that requests may call the server by (`Host`), beside IP addresses and names without a dot: a page whose own name leads here is kept
   * out. Absent: any.
   */
  readonly hosts?: readonly string[];
  /** Longest body of a request. Default 16 MiB. */
  readonly maxBodyBytes?: number;
  /** Longest time for one request. Default ten minutes. */
  readonly timeoutMs?: number;
  /** Settings of answers whose request says nothing of them. */
  readonly defaults?: ServedOptions;
  readonly onRequest?: (note: RequestNote) => void;
}

export interface Handler {
  fetch(request: Request): Promise<Response>;
  /** Takes no more requests; settles when those under way have ended. */
  drain(): Promise<void>;
}

const defaultBodyBytes = 16 * 2 ** 20;
const defaultTimeoutMs = 600_000;

export function createHandler(served: Served, options: HandlerOptions = {}): Handler {
  const requests = new Requests(served, options);
  return { fetch: (request) => requests.fetch(request), drain: () => requests.drain() };
}

/** All requests, and what they share. */
class Requests {
  private readonly options: HandlerOptions;
  private readonly shared: Pick<Context, 'served' | 'defaults' | 'maxBodyBytes' | 'metrics' | 'responses'>;
  private draining: Promise<void> | undefined;
  private drained: () => void = () => undefined;

  constructor(served: Served, options: HandlerOptions) {
    const { maxBodyBytes = defaultBodyBytes, defaults = {} } = options;
    this.options = options;
    this.shared = { served, defaults, maxBodyBytes, metrics: new Metrics(), responses: new KeptResponses() };
  }

  async fetch(request: Request): Promise<Response> {
    const { origins, hosts, timeoutMs = defaultTimeoutMs } = this.options;
    const work = startWork(request, timeoutMs);
    this.shared.metrics.nOpen++;
    let api = apiOfPath(work.path);
    let response: Response;
    try {
      checkOrigin(request, origins);
      checkHost(request, hosts);
      const found = findRoute(request.method, work.path, new URL(request.url));
      api = found.route.api;
      work.route = found.route.paths[0]!;
      checkSite(request, found, origins);
      response =
        request.method === 'OPTIONS' ? new Response(null, { status: 204 }) : await this.answer(request, found, work);
    } catch (error) {
      work.error = httpErrorOf(error);
      work.leave(); // other answers to the same request
      response = errorResponse(work.error, errorBody[api](work.error));
    }
    work.status = response.status;
    if (!work.isStream) this.end(work);
    return withCors(request, response, origins);
  }

  drain(): Promise<void> {
    this.draining ??= new Promise((resolve) => (this.drained = resolve));
    if (this.shared.metrics.nOpen === 0) this.drained();
    return this.draining;
  }

  private async answer(request: Request, found: Found, work: Work): Promise<Response> {
    checkKey(request, found, this.options.apiKeys);
    if (this.draining) throw new HttpError(503, 'the server is being stopped');
    const { route, rest, url } = found;
    const { signal, notes } = work;
    const failed = (error: unknown) => {
      work.error = httpErrorOf(error);
      if (request.signal.aborted) throw request.signal.reason; // as a fetch that was aborted
      return errorBody[route.api](work.error);
    };
    return route.handle({
      ...this.shared,
      ...{ request, url, rest, api: route.api, signal, notes },
      onEnd: (done) => void work.ending.push(done),
      mayTakeLong: () => work.mayTakeLong(),
      stream: (events, framing) => {
        work.isStream = true;
        const stopped = (): void => {
          work.error ??= httpErrorOf(signal.reason);
          this.end(work);
        };
        if (signal.aborted) stopped();
        signal.addEventListener('abort', stopped, { once: true }); // also where nobody reads to the end
        return streamed(events, { framing, failed, left: () => work.leave(), ended: () => this.end(work) });
      },
    });
  }

  /** The last of an answer was said. */
  private end(work: Work): void {
    const { metrics } = this.shared;
    if (work.isOver) return;
    work.isOver = true;
    work.clear();
    for (const done of work.ending.splice(0)) done();
    metrics.nOpen--;
    metrics.request(work.route, work.status);
    if (metrics.nOpen === 0) this.drained();
    const { method, path, status, error, notes, startMs } = work;
    this.options.onRequest?.({
      ...notes,
      method,
      path,
      status,
      ms: performance.now() - startMs,
      error: error?.message,
    });
  }
}

/** One request on its way. */
interface Work {
  readonly method: string;
  readonly path: string;
  readonly startMs: number;
  readonly signal: AbortSignal;
  readonly notes: Notes;
  readonly ending: (() => void)[];
  route: string;
  status: number;
  error: HttpError | undefined;
  isStream: boolean;
  isOver: boolean;
  /** The client is gone. */
  leave(): void;
  /** It ends with its client alone. */
  mayTakeLong(): void;
  /** Nothing waits for it any more. */
  clear(): void;
}

function startWork(request: Request, timeoutMs: number): Work {
  const controller = new AbortController();
  const leave = (): void => controller.abort(new DOMException('the client is gone', 'AbortError'));
  const late = (): void =>
    controller.abort(new DOMException(`the answer took longer than ${timeoutMs / 1000} s`, 'TimeoutError'));
  const timer = setTimeout(late, Math.min(timeoutMs, 2 ** 31 - 1)); // timers wait no longer
  if (request.signal.aborted) leave();
  request.signal.addEventListener('abort', leave, { once: true });
  const { pathname } = new URL(request.url);
  return {
    ...{ method: request.method, path: pathname, startMs: performance.now(), signal: controller.signal },
    ...{ notes: {}, ending: [], route: 'none', status: 500, error: undefined, isStream: false, isOver: false, leave },
    mayTakeLong: () => clearTimeout(timer),
    clear() {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', leave);
    },
  };
}

const apiOfPath = (path: string): Api =>
  path.startsWith('/api/') ? 'ollama' : path.startsWith('/v1/') ? 'openai' : 'llama';

/** A browser names the page that asks. One that was not let in may not even have its request done. */
function checkOrigin(request: Request, origins: readonly string[] | undefined): void {
  const origin = request.headers.get('Origin');
  if (origin === null || origins === undefined || origins.includes('*') || origins.includes(origin)) return;
  throw new HttpError(
    403,
    `pages of ${origin.slice(0, 200)} may not ask here; the server lets them in with --cors ${origin.slice(0, 200)}`,
  );
}

/** What a page of another site asks for without an Origin (`<img src>`, links) has no effect beyond saying that somebody is there. */
function checkSite(request: Request, { route }: Found, origins: readonly string[] | undefined): void {
  if (origins === undefined || origins.includes('*') || route.isPublic || request.headers.has('Origin')) return;
  const site = request.headers.get('Sec-Fetch-Site') ?? 'none';
  if (site === 'none' || site === 'same-origin') return;
  throw new HttpError(
    403,
    'pages of other sites may not ask here; the server lets some in with --cors, by fetch alone',
  );
}

function checkHost(request: Request, hosts: readonly string[] | undefined): void {
  const { hostname } = new URL(request.url);
  if (hosts === undefined || hosts.includes(hostname) || !mayBeAnyones(hostname)) return;
  const name = hostname.slice(0, 200);
  throw new HttpError(
    403,
    `nobody is called ${name} here; ask ${hosts[0]}, or start the server with --host-name ${name}`,
  );
}

/** Whether somebody far away can have this name, and let it lead here: it is no IP address, and none of a house. */
const mayBeAnyones = (hostname: string): boolean => hostname.includes('.') && !/^[\d.]+$/.test(hostname);

function withCors(request: Request, response: Response, origins: readonly string[] = []): Response {
  const origin = request.headers.get('Origin');
  if (origin === null || !(origins.includes('*') || origins.includes(origin))) return response;
  const headers = new Headers(response.headers);
  headers.set('Access-Control-Allow-Origin', origins.includes('*') ? '*' : origin);
  headers.set('Vary', 'Origin');
  if (request.method === 'OPTIONS') {
    headers.set('Access-Control-Allow-Methods', 'GET, POST, DELETE, OPTIONS');
    headers.set('Access-Control-Allow-Headers', request.headers.get('Access-Control-Request-Headers') ?? '*');
    headers.set('Access-Control-Max-Age', '600');
  }
  return new Response(response.body, { status: response.status, headers });
}

function checkKey(request: Request, { route }: Found, apiKeys: readonly string[] = []): void {
  if (apiKeys.length === 0 || route.isPublic) return;
  const [, bearer] = /^Bearer +(.+)$/i.exec(request.headers.get('Authorization') ?? '') ?? [];
  const given = bearer ?? request.headers.get('X-Api-Key') ?? '';
  if (apiKeys.flatMap((key) => [key, asHeader(key)]).filter((key) => isSame(key, given)).length > 0) return;
  throw new HttpError(
    401,
    given === '' ? 'an API key is needed: Authorization: Bearer KEY' : 'the API key is not right',
    {
      code: 'invalid_api_key',
      headers: { 'WWW-Authenticate': 'Bearer' },
    },
  );
}

/** As headers hand a text out that is not ASCII: its UTF-8, a byte a character. */
const asHeader = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');

/** Compares all characters, however many are alike: time tells nothing of a key. */
function isSame(key: string, given: string): boolean {
  let differ = key.length ^ given.length;
  for (let i = 0; i < key.length; i++) differ |= key.charCodeAt(i) ^ given.charCodeAt(i % (given.length || 1));
  return differ === 0;
}
