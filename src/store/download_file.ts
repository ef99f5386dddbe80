/** One file from a server into storage: ranges side by side, or one stream where the server has no ranges. */
import { ResourceError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import { Checker } from './checker.ts';
import { Parts, type Part } from './parts.ts';
import type { FileRecord, OpenFile } from './place.ts';
import type { Facts, RemoteFile } from './remote.ts';
import { stopped, tried, troubled, type Patience } from './trouble.ts';
import type { ChunkHashes } from './types.ts';

/** What a download of a file needs to know, and whom it tells. */
export interface Hooks {
  readonly patience: Patience;
  readonly signal: AbortSignal;
  readonly nConnections: number;
  /** So many bytes of this file are there. */
  readonly onBytes: (doneBytes: number, state: 'checking' | 'running') => void;
  /** Nothing comes, for this reason; undefined: it goes on. */
  readonly onWait: (reason: string | undefined) => void;
  /** More of the file can be trusted. */
  readonly onNoted: () => Promise<void>;
}

export interface Fetched {
  readonly file: OpenFile;
  readonly record: FileRecord;
  readonly remote: RemoteFile;
  readonly facts: Facts;
  readonly chunks: ChunkHashes | undefined;
}

/** Fetches what is missing, and checks all. Where it fails, the record says how much can be trusted. @returns the SHA-256 of the file */
export async function downloadFile(fetched: Fetched, hooks: Hooks): Promise<string> {
  const { file, record, facts, chunks } = fetched;
  const checker = new Checker(file, record, chunks);
  if (facts.hasRanges) {
    await checker.lookBack(() => hooks.onBytes(checker.position, 'checking'), hooks.signal);
    hooks.onBytes(checker.position, 'running');
    await new PartsFetch(fetched, checker, hooks).run();
  } else {
    await fetchWhole(fetched, checker, hooks);
  }
  return checker.finish();
}

/** Connections take parts, the first missing ones first; the checker follows. */
class PartsFetch {
  private readonly fetched: Fetched;
  private readonly checker: Checker;
  private readonly hooks: Hooks;
  private readonly parts: Parts;
  /** Stops all connections once one fails. */
  private readonly all = new AbortController();
  /** Why each connection waits that does. */
  private readonly waiting = new Map<number, string>();
  private nOpen = 0;
  /** Bytes that came over the network, on all connections. */
  private nReceived = 0;
  private following: Promise<void> | undefined;

  constructor(fetched: Fetched, checker: Checker, hooks: Hooks) {
    this.fetched = fetched;
    this.checker = checker;
    this.hooks = hooks;
    this.parts = new Parts(fetched.record.sizeBytes!, fetched.record.partBytes, checker.position);
  }

  async run(): Promise<void> {
    const { signal, nConnections, onNoted } = this.hooks;
    const stop = (): void => this.all.abort(stopped(signal));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.all(Array.from({ length: nConnections }, (_, i) => this.connection(i)));
      await this.follow();
    } finally {
      signal.removeEventListener('abort', stop);
      await this.following?.catch(() => undefined); // one note at a time
      await onNoted();
    }
  }

  private async connection(i: number): Promise<void> {
    this.nOpen++;
    try {
      for (let part = this.parts.take(); part; part = this.parts.take()) {
        await this.fetch(part, i);
        await this.follow();
      }
    } catch (error) {
      if (!this.all.signal.aborted) this.all.abort(error);
      throw this.all.signal.reason; // the first that failed says why
    } finally {
      this.nOpen--;
      this.tellWaits();
    }
  }

  /** The rest of a part, in as many answers as it takes. */
  private async fetch(part: Part, connection: number): Promise<void> {
    const { signal } = this.all;
    const { remote, facts } = this.fetched;
    const attempt = async (): Promise<void> => {
      while (part.begin + part.doneBytes < part.end) {
        const begin = part.begin + part.doneBytes;
        const response = await remote.range({ begin, end: part.end }, facts, signal);
        const most = part.end - begin;
        const nBytes = await remote.receive(response, { most, signal }, (piece) => this.keep(part, piece));
        if (nBytes > 0) continue;
        throw troubled('passing', new ResourceError(`${remote.name}: the server sent nothing of what it promised`));
      }
    };
    const onWait = (reason: string | undefined): void => {
      if (reason === undefined) this.waiting.delete(connection);
      else this.waiting.set(connection, reason);
      this.tellWaits();
    };
    await tried(attempt, { patience: this.hooks.patience, signal, progress: () => this.nReceived, onWait });
  }

  private async keep(part: Part, piece: Uint8Array): Promise<void> {
    await this.fetched.file.write(part.begin + part.doneBytes, piece);
    part.doneBytes += piece.length;
    this.parts.doneBytes += piece.length;
    this.nReceived += piece.length;
    this.hooks.onBytes(this.parts.doneBytes, 'running');
  }

  /** The checker goes as far as parts have come without a gap. One at a time: whoever comes meanwhile waits for the same. */
  private follow(): Promise<void> {
    this.following ??= this.followNow().finally(() => (this.following = undefined));
    return this.following;
  }

  private async followNow(): Promise<void> {
    const { checker, parts, hooks } = this;
    while (checker.position < parts.wholeUntil()) {
      const isRight = await checker.advance(parts.wholeUntil(), undefined, this.all.signal);
      if (!isRight) await this.fetch(parts.takeBack(checker.position), -1);
      await hooks.onNoted();
    }
  }

  private tellWaits(): void {
    const isWaiting = this.waiting.size > 0 && this.waiting.size >= this.nOpen;
    this.hooks.onWait(isWaiting ? this.waiting.values().next().value : undefined);
  }
}

/** A file from its beginning to its end; where that breaks off, from its beginning again. */
async function fetchWhole({ remote, file, record, facts }: Fetched, checker: Checker, hooks: Hooks): Promise<void> {
  const { patience, signal, onBytes, onWait, onNoted } = hooks;
  let mostBytes = 0;
  const attempt = async (): Promise<void> => {
    let doneBytes = 0;
    checker.reset();
    onBytes(0, 'running');
    const response = await remote.whole(signal);
    await remote.receive(response, { most: Infinity, signal }, async (piece) => {
      await file.write(doneBytes, piece);
      doneBytes += piece.length;
      mostBytes = Math.max(mostBytes, doneBytes);
      onBytes(doneBytes, 'running');
      if (doneBytes - checker.position >= record.partBytes)
        await checker.advance(doneBytes - (doneBytes % record.partBytes), undefined, signal);
    });
    if (facts.sizeBytes !== undefined && doneBytes !== facts.sizeBytes) {
      const came = `${remote.name} ended after ${counted(doneBytes)} of ${counted(facts.sizeBytes)} bytes`;
      throw troubled('passing', new ResourceError(came));
    }
    record.sizeBytes = doneBytes;
    await file.reserve(doneBytes); // no longer than it is
    await checker.advance(doneBytes, undefined, signal);
  };
  await tried(attempt, { patience, signal, progress: () => mostBytes, onWait });
  await onNoted();
}
