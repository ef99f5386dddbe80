import { orAborted } from '../base/signals.ts';
import { HttpError, type Api } from './http_error.ts';
import type { Held, Served, ServedOptions } from './served.ts';
import type { Metrics } from './metrics.ts';
import type { Framing } from './respond.ts';
import type { KeptResponses } from './openai/kept_responses.ts';

/** What a request is answered with the help of. */
export interface Context {
  readonly request: Request;
  readonly url: URL;
  /** What the path names behind the route's own, decoded: the id of a model. */
  readonly rest: string;
  readonly api: Api;
  /** Aborts when the client is gone, or the time is over. */
  readonly signal: AbortSignal;
  /** A response that is made as it is read. */
  stream(events: AsyncGenerator<object>, framing: Framing): Response;
  /** Calls back when the answer has ended, whatever its end. */
  onEnd(done: () => void): void;
  /** What follows is no answer: only the client ends it. */
  mayTakeLong(): void;
  readonly served: Served;
  readonly defaults: ServedOptions;
  readonly maxBodyBytes: number;
  readonly metrics: Metrics;
  readonly responses: KeptResponses;
  /** For the line of the log. */
  readonly notes: Notes;
}

export interface Notes {
  model?: string;
  nPrompt?: number;
  nAnswer?: number;
}

/** The model of a request, held until its answer has ended. */
export async function modelOf(context: Context, name: string | undefined, keepMs?: number): Promise<Held> {
  const held = await context.served.hold(name, context.signal);
  context.onEnd(() => held.release(keepMs));
  context.notes.model = held.name;
  return held;
}

/** Tokens of texts that were read for their rows. */
export function countRead({ notes, metrics }: Context, nTokens: number): void {
  notes.nPrompt = nTokens;
  metrics.read(nTokens);
}

/** The body as JSON. @throws HttpError for one that is too long, or no JSON */
export async function bodyOf({ request, signal, maxBodyBytes }: Context): Promise<unknown> {
  checkForm(request.headers);
  const text = await textOf(request, maxBodyBytes, signal);
  if (text.trim() === '') throw new HttpError(400, 'the body is empty, expected a JSON object');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new HttpError(400, `the body is no JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

/** @throws HttpError for a body that is compressed, or no UTF-8: what it says would be taken for damage */
function checkForm(headers: Headers): void {
  const encoding = headers.get('Content-Encoding') ?? 'identity';
  if (encoding !== 'identity')
    throw new HttpError(415, `the body is ${encoding}, expected JSON without Content-Encoding`);
  const charset = /charset="?([^\s;"]+)/i.exec(headers.get('Content-Type') ?? '')?.[1] ?? 'utf-8';
  if (!/^(utf-?8|us-ascii)$/i.test(charset)) throw new HttpError(415, `the body is ${charset}, expected JSON in UTF-8`);
}

async function textOf(request: Request, maxBytes: number, signal: AbortSignal): Promise<string> {
  const tooLong = () => new HttpError(413, `the body has more than ${maxBytes} bytes`);
  if (Number(request.headers.get('Content-Length') ?? 0) > maxBytes) throw tooLong();
  if (!request.body) return orAborted(request.text(), signal); // also Firefox, whose requests hand out no stream
  const reader = request.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let nBytes = 0; ;) {
    const { value, done } = await orAborted(reader.read(), signal).catch((error: unknown) => {
      void reader.cancel().catch(() => undefined); // nobody waits for the rest
      throw signal.aborted ? signal.reason : error; // a client that is gone may break its body off
    });
    if (done) return text + decoder.decode();
    nBytes += value.byteLength;
    if (nBytes > maxBytes) {
      await reader.cancel();
      throw tooLong();
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** `chatcmpl-…`: an id that nobody can guess. */
export const newId = (kind: string): string => `${kind}${crypto.randomUUID().replaceAll('-', '')}`;

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);
