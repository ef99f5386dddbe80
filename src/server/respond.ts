/** Answers as HTTP has them. */
import type { HttpError } from './http_error.ts';

const encoder = new TextEncoder();

export function json(body: unknown, { status = 200, headers = {} }: ResponseInit = {}): Response {
  const bytes = encoder.encode(JSON.stringify(body));
  const own = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': String(bytes.length) };
  return new Response(bytes, { status, headers: { ...own, ...headers } });
}

export const plainText = (text: string, type = 'text/plain; charset=utf-8'): Response =>
  new Response(text, { headers: { 'Content-Type': type } });

/** How a stream spells its events. */
export interface Framing {
  readonly type: string;
  frame(event: object): string;
  /** What comes last; empty where nothing does. */
  readonly end: string;
  /** What says that the answer is still to come; empty where nothing can. */
  readonly waiting: string;
}

/** So long a stream is silent, while a long prompt is read: proxies take a minute of silence for the end. */
const SILENT_MS = 15_000;

const SSE_COMMENT = ': the prompt is being read\n\n'; // clients pass over lines that begin so

/** Server-sent events. */
export const sse: Framing = {
  type: 'text/event-stream',
  frame: (event) => `data: ${JSON.stringify(event)}\n\n`,
  end: 'data: [DONE]\n\n',
  waiting: SSE_COMMENT,
};

/** The same with the names of the events, which are their types. */
export const namedSse: Framing = {
  type: 'text/event-stream',
  frame: (event) => `event: ${(event as { type?: string }).type ?? 'error'}\ndata: ${JSON.stringify(event)}\n\n`,
  end: '',
  waiting: SSE_COMMENT,
};

/** A line of JSON for each event. */
export const ndjson: Framing = {
  type: 'application/x-ndjson',
  frame: (event) => `${JSON.stringify(event)}\n`,
  end: '',
  waiting: '',
};

interface StreamOptions {
  readonly framing: Framing;
  /** What an error becomes when the answer is under way; the reader's own is thrown. */
  failed(error: unknown): object;
  /** The reader has left. */
  left(): void;
  /** The last was said, or nobody listens. */
  ended(): void;
}

/** What comes, or undefined after some time. */
async function orSilent<T>(coming: Promise<T>): Promise<T | undefined> {
  let timer: number | undefined;
  const silent = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, SILENT_MS)));
  try {
    return await Promise.race([coming, silent]);
  } finally {
    clearTimeout(timer);
  }
}

/** A response that is made as it is read: nothing is asked of `events` before there is room for it. */
export function streamed(events: AsyncGenerator<object>, { framing, failed, left, ended }: StreamOptions): Response {
  let isOver = false;
  let coming: Promise<IteratorResult<object>> | undefined;
  const next = async (): Promise<string | undefined> => {
    try {
      coming ??= events.next();
      const came = await (framing.waiting === '' ? coming : orSilent(coming));
      if (!came) return framing.waiting;
      coming = undefined;
      if (!came.done) return framing.frame(came.value);
    } catch (error) {
      isOver = true;
      return framing.frame(failed(error));
    }
    isOver = true;
    return framing.end === '' ? undefined : framing.end;
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const text = isOver ? undefined : await next();
        if (text !== undefined) controller.enqueue(encoder.encode(text));
        if (text !== undefined && !isOver) return;
        controller.close();
        ended();
      },
      async cancel() {
        left();
        await events.return(undefined);
        ended();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { 'Content-Type': framing.type, 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' };
  return new Response(stream, { headers });
}

/** An error before anything was said. */
export const errorResponse = ({ status, details: { headers } }: HttpError, body: object): Response =>
  json(body, { status, headers: { ...headers } });
