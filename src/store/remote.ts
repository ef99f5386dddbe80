/** A file on a web server that is fetched whole: what it is, and its bytes in ranges. */
import { asError, FormatError, ResourceError, UnsupportedError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import { contentRange, failing, lengthIn, versionOf } from '../bytes/http.ts';
import { deadline, stopped, troubled, type Patience } from './trouble.ts';

/** What the first answer says. */
export interface Facts {
  /** Undefined where the server says it nowhere. */
  readonly sizeBytes: number | undefined;
  /** The same, or what it takes on its way. */
  readonly aboutBytes: number | undefined;
  readonly version: string | null;
  /** What the host says that the SHA-256 is (`X-Linked-Etag` of Hugging Face). */
  readonly sha256: string | undefined;
  readonly hasRanges: boolean;
}

interface RemoteOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly patience: Patience;
}

interface Range {
  readonly begin: number;
  readonly end: number;
}

interface Linked {
  sha256: string | undefined;
  sizeBytes: number | undefined;
}

interface Receiving {
  /** What comes beyond is left. */
  readonly most: number;
  readonly signal: AbortSignal;
}

interface Request {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly method?: 'HEAD';
  readonly redirect?: 'manual';
}

/** Longer than that nobody waits for a server that asks for patience. */
const MOST_WAIT_MS = 300_000;

/** A page is not told whether a file was packed for its way, nor where redirects lead; Node is. */
const seesAll = !('location' in globalThis);

/** A redirect leads to one host, that to another, and so on; then it is a circle. */
const MOST_HOPS = 10;

/** So many whole files in place of parts are no accident. */
const SURE = 3;

export class RemoteFile {
  /** Without the query, which may hold keys. */
  readonly name: string;
  private readonly options: RemoteOptions;
  /** Where the last redirect led. Such addresses expire. */
  private direct: URL | undefined;
  private mayGoDirectly = true;
  /** Whole files in a row, where parts were asked for. */
  private nWhole = 0;

  constructor(options: RemoteOptions) {
    this.options = options;
    this.name = `${options.url.origin}${options.url.pathname}`;
  }

  /** Asks for the first byte. */
  async facts(signal: AbortSignal): Promise<Facts> {
    const { response, linked } = await this.follow({ Range: 'bytes=0-0' }, signal);
    if (response.status === 416) throw new FormatError(`${this.name} is empty; check the address`);
    await this.check(response);
    const isRange = response.status === 206;
    const isPacked = response.headers.has('Content-Encoding');
    const length = isRange || isPacked ? null : response.headers.get('Content-Length');
    await response.body?.cancel().catch(() => undefined);
    const ofRange = isRange ? (lengthIn(response) ?? linked.sizeBytes ?? (await this.lengthByHead(signal))) : undefined;
    const said = length === null ? undefined : Number(length);
    const sizeBytes = ofRange ?? linked.sizeBytes ?? (seesAll ? said : undefined);
    return {
      sizeBytes,
      aboutBytes: sizeBytes ?? said,
      version: versionOf(response),
      sha256: linked.sha256 ?? linkedHash(response),
      hasRanges: isRange && sizeBytes !== undefined && !isPacked,
    };
  }

  /** An answer with exactly these bytes, of this version of the file. */
  async range({ begin, end }: Range, { sizeBytes, version }: Facts, signal: AbortSignal): Promise<Response> {
    const range = { Range: `bytes=${begin}-${end - 1}` };
    const response = await this.ask(version === null ? range : { ...range, ...this.ifRange(version) }, signal);
    const [now, nowSize] = [versionOf(response), lengthIn(response)];
    const isOther = now !== null && version !== null && now !== version;
    const came = contentRange(response)?.[1];
    if (response.status === 206) this.nWhole = 0;
    if (response.status === 206 && !isOther && (nowSize ?? sizeBytes) === sizeBytes) {
      if (came === undefined || Number(came) === begin) return response;
      await response.body?.cancel().catch(() => undefined);
      throw troubled(
        'passing',
        new ResourceError(`${this.name}: the server answered another part than bytes from ${counted(begin)} on`),
      );
    }
    await response.body?.cancel().catch(() => undefined);
    if (isOther || response.status === 206) throw this.changed();
    const isSure = ++this.nWhole >= SURE;
    const error = new ResourceError(`${this.name}: the server sent the whole file in place of a part`);
    throw troubled(isSure ? 'noRanges' : 'passing', error);
  }

  /** An answer with the whole file. */
  async whole(signal: AbortSignal): Promise<Response> {
    const response = await this.ask({}, signal);
    if (response.status === 200) return response;
    await response.body?.cancel().catch(() => undefined);
    throw this.unexpected(response);
  }

  changed(): Error {
    return troubled('changed', new ResourceError(`${this.name} changed while it was fetched; download it again`));
  }

  /** Hands out what an answer brings. @returns how many bytes came */
  async receive(
    response: Response,
    { most, signal }: Receiving,
    take: (piece: Uint8Array) => Promise<void>,
  ): Promise<number> {
    const { patience } = this.options;
    const reader = response.body!.getReader();
    const cancel = (): void => void reader.cancel().catch(() => undefined);
    let isLate = false;
    signal.addEventListener('abort', cancel, { once: true });
    let nBytes = 0;
    try {
      while (nBytes < most) {
        const timer = setTimeout(() => ((isLate = true), cancel()), patience.stallMs);
        const { value } = await reader.read().finally(() => clearTimeout(timer));
        if (signal.aborted) throw stopped(signal);
        if (isLate) throw this.stalled();
        if (value === undefined) break;
        const piece = value.subarray(0, most - nBytes);
        nBytes += piece.length;
        await take(piece);
      }
      return nBytes;
    } catch (error) {
      if (signal.aborted) throw stopped(signal);
      if (error instanceof ResourceError || asError(error).name !== 'TypeError') throw error;
      throw troubled(
        'passing',
        new ResourceError(`the connection to ${this.name} broke off: ${asError(error).message}`, { cause: error }),
      );
    } finally {
      signal.removeEventListener('abort', cancel);
      cancel();
    }
  }

  private stalled(): Error {
    const seconds = this.options.patience.stallMs / 1000;
    return troubled('passing', new ResourceError(`${this.name} has sent nothing for ${seconds} s`));
  }

  /** Asks where the last redirect led; where that address has expired, asks the first one again, which leads to a new one. */
  private async ask(headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    if (this.direct && this.mayGoDirectly) {
      const response = await this.request(this.direct, { headers, signal }).catch((error: unknown) => {
        if (signal.aborted) throw error;
        return undefined; // a page may be forbidden to ask there without the redirect
      });
      if (response?.ok) return response;
      this.mayGoDirectly = response !== undefined && response.status >= 400;
      this.direct = undefined;
      await response?.body?.cancel().catch(() => undefined);
      if (response && (response.status === 429 || response.status >= 500)) throw this.unexpected(response);
    }
    const { response } = await this.follow(headers, signal);
    await this.check(response);
    return response;
  }

  private async check(response: Response): Promise<void> {
    const isPage = /^text\/html\b/i.test(response.headers.get('Content-Type') ?? '');
    if (response.ok && !isPage) return;
    await response.body?.cancel().catch(() => undefined);
    throw response.ok ? this.isPage() : this.unexpected(response);
  }

  private isPage(): Error {
    return troubled(
      'passing',
      new ResourceError(
        `${this.name} answered a web page (HTML), expected a model file; check the address, or sign in to the network`,
      ),
    );
  }

  private unexpected({ status, statusText, headers }: Response): Error {
    const answered = `${this.name} answered ${`${status} ${statusText}`.trim()}`;
    if (status === 416) return this.changed();
    if (status === 408 || status === 425 || status === 429 || status >= 500)
      return troubled('passing', new ResourceError(answered), retryAfterMs(headers.get('Retry-After')));
    const help = [401, 403].includes(status)
      ? 'give what it asks for, such as { headers: { Authorization } }'
      : 'check the address';
    return new ResourceError(`${answered}; ${help}`);
  }

  /** Only the server that was named gets the caller's headers. */
  private async request(url: URL, { headers: more, signal, ...how }: Request): Promise<Response> {
    const { patience, headers } = this.options;
    const own = url.origin === this.options.url.origin ? headers : {};
    const late = deadline(signal, patience.stallMs);
    try {
      // a page may not say that it wants nothing packed; Node may
      const sent = { 'Accept-Encoding': 'identity', ...own, ...more };
      return await fetch(url, { headers: sent, cache: 'no-store', ...how, signal: late.own }).catch(failing(this.name));
    } catch (error) {
      if (signal.aborted) throw stopped(signal);
      throw late.isLate ? this.stalled() : troubled('passing', asError(error));
    } finally {
      late.end();
    }
  }

  /** A page of another origin would have to ask first whether it may say that. */
  private ifRange(version: string): Record<string, string> {
    const { location } = globalThis as { location?: Location };
    const asksFirst = location !== undefined && location.origin !== this.options.url.origin;
    return asksFirst || version.startsWith('W/') ? {} : { 'If-Range': version };
  }

  /**
   * The answer of the first address, and what was said on the way to it: Hugging Face says the hash beside its redirect. Node sees that, and
   * follows by itself, with the caller's headers on the first host only; pages do not.
   */
  private async follow(
    headers: Record<string, string>,
    signal: AbortSignal,
    how: Pick<Request, 'method'> = {},
  ): Promise<{ readonly response: Response; readonly linked: Linked }> {
    const linked: Linked = { sha256: undefined, sizeBytes: undefined };
    let { url } = this.options;
    if (!seesAll) {
      const response = await this.request(url, { headers, signal, ...how });
      if (response.redirected && response.url !== '') this.direct = new URL(response.url);
      return { response, linked };
    }
    for (let nHops = 0; nHops < MOST_HOPS; nHops++) {
      const response = await this.request(url, { headers, signal, ...how, redirect: 'manual' });
      linked.sha256 ??= linkedHash(response);
      linked.sizeBytes ??= linkedSize(response);
      const to = response.headers.get('Location');
      if (response.status < 300 || response.status >= 400 || to === null) {
        if (nHops > 0) this.direct = url;
        return { response, linked };
      }
      await response.body?.cancel().catch(() => undefined);
      url = this.redirected(to, url);
    }
    throw new ResourceError(`${this.name} redirects in a circle; check the address`);
  }

  private redirected(to: string, from: URL): URL {
    const url = parsedUrl(to, from);
    if (url && /^https?:$/.test(url.protocol)) return url;
    const shown = JSON.stringify(to.replace(/[?#].*/s, '').slice(0, 80));
    throw new ResourceError(`${this.name} redirects to ${shown}, which is no web address; check the address`);
  }

  private async lengthByHead(signal: AbortSignal): Promise<number> {
    const { response } = await this.follow({}, signal, { method: 'HEAD' });
    const length = response.headers.get('Content-Length');
    if (response.ok && length !== null && !response.headers.has('Content-Encoding')) return Number(length);
    throw new UnsupportedError(
      `${this.name}: the server does not say how long the file is; download it in another way, and import it`,
    );
  }
}

function parsedUrl(text: string, base: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

function linkedHash({ headers }: Response): string | undefined {
  const hash = /^(?:W\/)?"?([0-9a-f]{64})"?$/i.exec(headers.get('X-Linked-Etag') ?? '')?.[1];
  return hash?.toLowerCase();
}

function linkedSize({ headers }: Response): number | undefined {
  const size = headers.get('X-Linked-Size');
  return size !== null && /^\d+$/.test(size) ? Number(size) : undefined;
}

/** Seconds, or a date. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MOST_WAIT_MS) : undefined;
}
