import type { Look } from '../backends/backend.ts';
import { ResourceError } from '../base/errors.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { Session } from './session.ts';

/** The places of sessions that come and go with calls. They are kept for the next call, until somebody needs them. */
export interface Places {
  /** Nobody uses them; the one used last comes last. */
  idle: Session[];
  /** Places that will come back by themselves: of calls under way, and of sessions that are being closed. */
  nComing: number;
  /** Counts those that came back. */
  nCame: number;
  /** Settles when nobody waits for a place; undefined: nobody does. */
  line: Promise<void> | undefined;
  wake: (() => void) | undefined;
}

/** How a session gets its place. */
export interface Placing {
  readonly adapters?: readonly AdapterUse[] | undefined;
  readonly look?: Look | undefined;
  /** What it will read: it is one of those that are kept for `model.generate`, of which there are no more than places. */
  readonly tokens?: ArrayLike<number>;
  /** It stays when the call is over. */
  readonly isForGood?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What an engine has. */
interface Holding {
  readonly sessions: ReadonlyMap<number, Session>;
  /** Those of them that are closed as soon as their calls are over. */
  readonly closing: ReadonlySet<number>;
  readonly own: ReadonlySet<Session>;
  readonly places: Places;
  readonly maxSessions: number;
  openPlaced(placing: Placing): Promise<Session>;
  closeOwn(session: Session): void;
}

/**
 * A place where there may be none: that of a session which nobody uses, or one that comes back when a call is over. First come, first
 * served.
 * @throws ResourceError where no place comes back, the signal's reason
 */
export function waitForPlace(engine: Holding, placing: Placing): Promise<Session> {
  const { places } = engine;
  const placed = untilAborted(places.line ?? Promise.resolve(), placing.signal).then(() => freed(engine, placing));
  const line = Promise.allSettled([places.line, placed]).then(() => {
    if (places.line === line) places.line = undefined;
  });
  places.line = line;
  return placed;
}

async function freed(engine: Holding, placing: Placing): Promise<Session> {
  const { places } = engine;
  const { signal, isForGood } = placing;
  for (;;) {
    signal?.throwIfAborted();
    const mayWait = !isForGood || engine.sessions.size - engine.closing.size < engine.maxSessions;
    const seen = places.nCame;
    try {
      return takeIdle(engine, placing) ?? (await opened(engine, placing));
    } catch (error) {
      if (!(error instanceof ResourceError)) throw error;
      const unused = places.idle.shift();
      if (unused) engine.closeOwn(unused);
      else if (!mayWait || (places.nComing === 0 && places.nCame === seen)) throw noRoom(engine, error);
      else if (places.nCame === seen) await untilAborted(new Promise<void>((wake) => (places.wake = wake)), signal);
    }
  }
}

/** Of those that nobody uses, the one that knows most of a text. */
function takeIdle({ places }: Holding, { tokens }: Placing): Session | undefined {
  if (!tokens || places.idle.length === 0) return undefined;
  const known = (session: Session): number => {
    const text = session.tokens;
    const parting = text.findIndex((token, i) => token !== tokens[i]);
    return parting < 0 ? text.length : parting;
  };
  const best = places.idle.reduce((best, next) => (known(next) > known(best) ? next : best));
  places.idle = places.idle.filter((session) => session !== best);
  places.nComing++;
  return best;
}

async function opened(engine: Holding, placing: Placing): Promise<Session> {
  const { sessions, own, maxSessions } = engine;
  const isFull = sessions.size + own.size >= maxSessions;
  if (placing.tokens && isFull && own.size > 0) throw new ResourceError('all sessions are in use');
  return engine.openPlaced(placing);
}

function noRoom({ sessions, maxSessions }: Holding, cause: ResourceError): ResourceError {
  if (sessions.size < maxSessions) return cause;
  const came = `${sessions.size} chats and sessions are open, and the model was opened for ${maxSessions}`;
  const help = 'close one (await chat.close(), or await using), or open the model with a larger maxSessions';
  return new ResourceError(`${came}; ${help}`, { cause });
}

/** What `promise` comes to, unless the signal is aborted before. @throws its reason */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
