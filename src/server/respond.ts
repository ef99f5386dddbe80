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
}

/** Server-sent events. */
export const sse: Framing = {
  type: 'text/event-stream',
  frame: (event) => `data: ${JSON.stringify(event)}\n\n`,
  end: 'data: [DONE]\n\n',
};

/** The same with the names of the events, which are their types. */
export const namedSse: Framing = {
  type: 'text/event-stream',
  frame: (event) => `event: ${(event as { type?: string }).type ?? 'error'}\ndata: ${JSON.stringify(event)}\n\n`,
  end: '',
};

/** A line of JSON for each event. */
export const ndjson: Framing = {
  type: 'application/x-ndjson',
  frame: (event) => `${JSON.stringify(event)}\n`,
  end: '',
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

/** A response that is made as it is read: nothing is asked of `events` before there is room for it. */
export function streamed(events: AsyncGenerator<object>, { framing, failed, left, ended }: StreamOptions): Response {
  let isOver = false;
  const next = async (): Promise<string | undefined> => {
    try {
      const { value, done } = await events.next();
      if (!done) return framing.frame(value);
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
