import { createHandler, type Handler } from './handler.ts';
import type { Held, Served, ServedModel } from './served.ts';
import { Slots } from './slots.ts';

/** Sessions of a page's model that nobody asks for are given back: the page may want them for chats. */
const IDLE_MS = 60_000;
const MAX_WAITING = 256;

/** The APIs over one model that somebody else has opened, and closes. */
export function modelFetch(model: ServedModel): FetchLike {
  const { info } = model;
  const nSlots = Math.max(1, info.maxSessions - 1);
  const slots = new Slots(model, { nSlots, maxWaiting: MAX_WAITING, idleMs: IDLE_MS });
  const { name } = info;
  const held: Held = { name, model, slots, release: () => undefined };
  const served: Served = {
    list: () => Promise.resolve([{ name, sizeBytes: info.weightBytes }]),
    running: () => [{ name, info, slots, expiresAt: undefined }],
    hold: () => Promise.resolve(held),
    look: () => Promise.resolve({ name, info }),
  };
  return asFetch(createHandler(served));
}

export type FetchLike = (input: Request | URL | string, init?: RequestInit) => Promise<Response>;

/** A handler that takes what `fetch` takes, and rejects as that does where it was aborted. Of an address without a host the path is enough. */
export const asFetch =
  ({ fetch }: Pick<Handler, 'fetch'>): FetchLike =>
  async (input, init) => {
    const request = requestOf(input, init);
    const response = await fetch(request);
    if (!request.signal.aborted) return response;
    await response.body?.cancel().catch(() => undefined);
    throw request.signal.reason;
  };

function requestOf(input: Request | URL | string, init: RequestInit | undefined): Request {
  if (typeof input === 'object' && 'url' in input) return init ? new Request(input, init) : input;
  return new Request(new URL(input, 'http://thimble'), init);
}
