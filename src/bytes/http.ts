/** Files on a web server, in Node and in pages: read by ranges, so that a header costs its own bytes and no more. */
import { checkNames } from '../base/checks.ts';
import { asError, FormatError, ResourceError, UnsupportedError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import { endsEarly, type ByteSource } from './source.ts';

export interface HttpOptions {
  /** Sent with every request: `{ Authorization: 'Bearer …' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Asked for at once while opening: enough for the header of a small vocabulary. */
const FIRST_BYTES = 2 ** 18;

/** A server without ranges hands out the file from its beginning. So much of it is kept, which is more than headers take. */
const MOST_KEPT_BYTES = 2 ** 27;

interface Remote {
  /** Without the query, which may hold keys. */
  readonly name: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens a file by its address. From a server that has no ranges only the beginning can be read, up to 128 MiB of it; `close` ends the
 * connection.
 * @throws ResourceError where the server cannot be reached or has no such file, or the file changes between two reads;
 *   UnsupportedError where the server does not say how long the file is; AbortError on `signal`.
 */
export async function openHttpFile(url: string | URL, options: HttpOptions = {}): Promise<ByteSource> {
  checkNames('option of openHttpFile', options, ['headers', 'signal']);
  const { headers = {}, signal } = options;
  const { href, origin, pathname } = new URL(url);
  const remote: Remote = { name: `${origin}${pathname}`, url: new URL(href), headers };
  const response = await ask(remote, { begin: 0, end: FIRST_BYTES }, signal);
  if (response.status === 416) throw new FormatError(`${remote.name} is empty; interrupted download?`);
  return response.status === 206 ? rangedSource(remote, response, signal) : streamedSource(remote, response);
}

interface Range {
  readonly begin: number;
  readonly end: number;
}

/** After so long without a byte a server is given up. */
const STALL_MS = 30_000;

/** What a request brings, unless nothing comes for too long. */
function unlessStalled<T>(name: string, waiting: Promise<T>, giveUp: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new ResourceError(`${name} has sent nothing for ${STALL_MS / 1000} s; try again later`));
      giveUp();
    }, STALL_MS);
    waiting.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function ask({ name, url, headers }: Remote, { begin, end }: Range, signal?: AbortSignal): Promise<Response> {
  const range = { Range: `bytes=${begin}-${end - 1}` };
  const asked = fetch(url, { headers: { ...headers, ...range }, signal: signal ?? null }).catch(failing(name));
  const giveUp = (): void => void asked.then(({ body }) => body?.cancel()).catch(() => undefined);
  const response = await unlessStalled(name, asked, giveUp);
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  const help = [401, 403].includes(response.status)
    ? 'give what it asks for, such as { headers: { Authorization } }'
    : 'check the address';
  throw new ResourceError(`${name} answered ${`${response.status} ${response.statusText}`.trim()}; ${help}`);
}

/** What a failed request means to whoever made it. */
export function failing(name: string): (error: unknown) => never {
  return (error) => {
    const cause = asError(error);
    if (cause.name === 'AbortError' || cause.name === 'TimeoutError') throw cause;
    const why = cause.cause instanceof Error && cause.cause.message !== '' ? cause.cause.message : cause.message;
    const help = 'check the address and the network; to a page, the server must allow it (CORS)';
    throw new ResourceError(`cannot fetch ${name}: ${why}; ${help}`, { cause });
  };
}

async function rangedSource(remote: Remote, first: Response, signal?: AbortSignal): Promise<ByteSource> {
  const { name } = remote;
  const size = lengthIn(first) ?? (await lengthByHead(remote, signal));
  const version = versionOf(first);
  await checkSame(remote, first, { version, size, begin: 0 });
  const begin = new Uint8Array(Math.min(FIRST_BYTES, size));
  const start = begin.subarray(0, await receive(remote, first, begin));
  return {
    name,
    size,
    isRemote: true,
    async read(offsetBytes, into, signal) {
      if (offsetBytes + into.length > size) throw endsEarly({ name, size }, into, offsetBytes);
      const known = start.subarray(offsetBytes, offsetBytes + into.length);
      into.set(known);
      for (let done = known.length; done < into.length;) {
        const begin = offsetBytes + done;
        const response = await ask(remote, { begin, end: offsetBytes + into.length }, signal);
        await checkSame(remote, response, { version, size, begin });
        const nBytes = await receive(remote, response, into.subarray(done));
        if (nBytes === 0) throw endsEarly({ name, size }, into, offsetBytes);
        done += nBytes;
      }
    },
  };
}

const next = (name: string, reader: ReadableStreamDefaultReader<Uint8Array>) =>
  unlessStalled(name, reader.read().catch(failing(name)), () => void reader.cancel().catch(() => undefined));

/** Fills `into` as far as the answer goes, and leaves what a server sends beyond. @returns how many bytes came */
async function receive({ name }: Remote, response: Response, into: Uint8Array): Promise<number> {
  const reader = response.body!.getReader();
  for (let done = 0; ;) {
    const { value } = done < into.length ? await next(name, reader) : { value: undefined };
    if (!value) {
      await reader.cancel().catch(() => undefined);
      return done;
    }
    into.set(value.subarray(0, into.length - done), done);
    done = Math.min(into.length, done + value.length);
  }
}

/** `bytes 0-262143/1048576`; a page sees it only where the server lets it. */
export const contentRange = (response: Response) =>
  /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '');

/** How long the file is that an answer has a part of, where it says so. */
export function lengthIn(response: Response): number | undefined {
  const total = contentRange(response)?.[2];
  return total === undefined || total === '*' ? undefined : Number(total);
}

async function lengthByHead({ name, url, headers }: Remote, signal?: AbortSignal): Promise<number> {
  const response = await fetch(url, { method: 'HEAD', headers, signal: signal ?? null }).catch(failing(name));
  return checkedLength(name, response);
}

function checkedLength(name: string, response: Response): number {
  const length = response.headers.get('Content-Length');
  if (length !== null && !response.headers.has('Content-Encoding')) return Number(length);
  throw new UnsupportedError(`${name}: the server does not say how long the file is; download it and open the copy`);
}

/** What tells two versions of a file apart. */
export const versionOf = ({ headers }: Response): string | null => headers.get('ETag') ?? headers.get('Last-Modified');

interface Same {
  readonly version: string | null;
  readonly size: number;
  readonly begin: number;
}

async function checkSame({ name }: Remote, response: Response, { version, size, begin }: Same): Promise<void> {
  const [now, nowSize] = [versionOf(response), lengthIn(response)];
  const changed = (version !== null && now !== null && now !== version) || (nowSize ?? size) !== size;
  const came = contentRange(response)?.[1];
  if (!changed && response.status === 206 && (came === undefined || Number(came) === begin)) return;
  await response.body?.cancel();
  if (changed) throw new ResourceError(`${name} changed while it was being read; open it again`);
  throw new ResourceError(`${name}: the server answered another part than bytes from ${counted(begin)} on; try again`);
}

/** A file that comes from its beginning, read as far as is asked for. */
function streamedSource({ name }: Remote, response: Response): ByteSource {
  const size = checkedLength(name, response);
  const reader = response.body!.getReader();
  let kept = new Uint8Array(Math.min(size, FIRST_BYTES));
  let nKept = 0;
  const keep = (piece: Uint8Array): void => {
    if (nKept + piece.length > kept.length) {
      const longer = new Uint8Array(Math.max(2 * kept.length, nKept + piece.length));
      longer.set(kept.subarray(0, nKept));
      kept = longer;
    }
    kept.set(piece, nKept);
    nKept += piece.length;
  };
  return {
    name,
    size,
    isRemote: true,
    async read(offsetBytes, into, signal) {
      const end = offsetBytes + into.length;
      if (end > MOST_KEPT_BYTES && end <= size) {
        const what = `${name}: the server hands out whole files only, and ${counted(offsetBytes)} bytes lie before this part`;
        throw new UnsupportedError(`${what}; download the file and open the copy`);
      }
      while (nKept < end) {
        signal?.throwIfAborted();
        const { done, value } = await next(name, reader);
        if (done) throw endsEarly({ name, size }, into, offsetBytes);
        keep(value);
      }
      into.set(kept.subarray(offsetBytes, end));
    },
    close: () => reader.cancel().catch(() => undefined),
  };
}
