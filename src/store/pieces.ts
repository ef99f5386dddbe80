/** Files in IndexedDB, in pieces: what works where OPFS does not. */
import { ResourceError } from '../base/errors.ts';
import { endsEarly, type ByteSource } from '../bytes/source.ts';
import { inDatabase } from './database.ts';
import type { FileRecord, OpenFile } from './place.ts';

/** One entry of the database. Parts of a file begin a new one, so that two connections never fill the same. */
const PIECE_BYTES = 2 ** 20;

interface Piece {
  readonly part: number;
  readonly piece: number;
  /** In the file. */
  readonly begin: number;
  readonly end: number;
}

function pieceAt(
  offsetBytes: number,
  { partBytes, sizeBytes = Infinity }: Pick<FileRecord, 'partBytes' | 'sizeBytes'>,
): Piece {
  const part = Math.floor(offsetBytes / partBytes);
  const piece = Math.floor((offsetBytes - part * partBytes) / PIECE_BYTES);
  const begin = part * partBytes + piece * PIECE_BYTES;
  return { part, piece, begin, end: Math.min(begin + PIECE_BYTES, (part + 1) * partBytes, sizeBytes) };
}

const allOf = (key: string): IDBKeyRange => IDBKeyRange.bound([key], [key, []]);

/** So many are read at once where one is read after the other. */
const PIECES_AHEAD = 8;

/** The bytes of pieces that follow each other in a part, as many as there are. */
async function load(key: string, { part, piece }: Piece, nPieces: number): Promise<Uint8Array[]> {
  const range = IDBKeyRange.bound([key, part, piece], [key, part, piece + nPieces - 1]);
  const found = await inDatabase<unknown[]>('pieces', 'readonly', (store) => store.getAll(range));
  return found.flatMap((bytes) => (bytes instanceof ArrayBuffer ? [new Uint8Array(bytes)] : []));
}

/** Pieces are written when they are full. */
export function openPieces(record: FileRecord): OpenFile {
  const { key } = record;
  const open = new Map<number, { readonly bytes: Uint8Array<ArrayBuffer>; nBytes: number }>();
  const keep = async ({ begin, part, piece }: Piece): Promise<void> => {
    const { bytes, nBytes } = open.get(begin)!;
    const whole = nBytes === bytes.length ? bytes.buffer : bytes.slice(0, nBytes).buffer;
    await inDatabase('pieces', 'readwrite', (store) => store.put(whole, [key, part, piece]));
    open.delete(begin);
  };
  return {
    reserve: async () => undefined, // it takes nothing in advance
    async write(offsetBytes, bytes) {
      for (let done = 0; done < bytes.length;) {
        const place = pieceAt(offsetBytes + done, record);
        const at = offsetBytes + done - place.begin;
        const into = open.get(place.begin) ?? { bytes: new Uint8Array(place.end - place.begin), nBytes: 0 };
        open.set(place.begin, into);
        const part = bytes.subarray(done, done + into.bytes.length - at);
        into.bytes.set(part, at);
        into.nBytes = at + part.length;
        done += part.length;
        if (into.nBytes === into.bytes.length) await keep(place);
      }
    },
    async read(offsetBytes, into) {
      let done = 0;
      while (done < into.length) {
        const place = pieceAt(offsetBytes + done, record);
        const pending = open.get(place.begin);
        const bytes = pending ? pending.bytes.subarray(0, pending.nBytes) : (await load(key, place, 1))[0];
        const part = bytes?.subarray(offsetBytes + done - place.begin).subarray(0, into.length - done);
        if (!part?.length) break;
        into.set(part, done);
        done += part.length;
      }
      return done;
    },
    async flush() {
      for (const begin of [...open.keys()]) await keep(pieceAt(begin, record));
    },
    close: async () => open.clear(),
  };
}

export const removePieces = (key: string): Promise<unknown> =>
  inDatabase('pieces', 'readwrite', (store) => store.delete(allOf(key)));

/** Reads a file piece by piece. The last pieces stay: the next read begins in them, or goes on behind them. */
export function piecesSource(
  record: Pick<FileRecord, 'key' | 'name' | 'partBytes'> & { readonly sizeBytes: number },
): ByteSource {
  const { key, name, sizeBytes } = record;
  const kept = new Map<number, Uint8Array>();
  let next = 0;
  const pieceOf = async (place: Piece): Promise<Uint8Array> => {
    const there = kept.get(place.begin);
    if (there) return there;
    const pieces = await load(key, place, place.begin === next ? PIECES_AHEAD : 1);
    kept.clear();
    pieces.forEach((bytes, i) => kept.set(place.begin + i * PIECE_BYTES, bytes));
    next = place.begin + pieces.reduce((sum, { length }) => sum + length, 0);
    const bytes = kept.get(place.begin);
    if (bytes?.length === place.end - place.begin) return bytes;
    throw new ResourceError(
      `cannot read ${name}: a part of it is not in this browser's storage any more; delete it and download it again`,
    );
  };
  return {
    name,
    size: sizeBytes,
    async read(offsetBytes, into, signal) {
      if (offsetBytes + into.length > sizeBytes) throw endsEarly({ name, size: sizeBytes }, into, offsetBytes);
      for (let done = 0; done < into.length;) {
        signal?.throwIfAborted();
        const place = pieceAt(offsetBytes + done, record);
        const bytes = await pieceOf(place);
        const part = bytes.subarray(offsetBytes + done - place.begin).subarray(0, into.length - done);
        into.set(part, done);
        done += part.length;
      }
    },
  };
}

/** Pieces go all at once where they go. */
export const hasLastPiece = async (record: FileRecord): Promise<boolean> =>
  (await load(record.key, pieceAt(record.sizeBytes! - 1, record), 1)).length > 0;

/** A whole file as Blobs, which browsers keep outside of the page's memory when there are many. */
export async function allPieces(record: FileRecord): Promise<Blob[]> {
  const source = piecesSource({ ...record, sizeBytes: record.sizeBytes! });
  const blobs: Blob[] = [];
  for (let done = 0; done < source.size; done += record.partBytes) {
    const bytes = new Uint8Array(Math.min(record.partBytes, source.size - done));
    await source.read(done, bytes);
    blobs.push(new Blob([bytes]));
  }
  return blobs;
}

/** Keys of all files that have pieces. */
export async function pieceKeys(): Promise<string[]> {
  const found = new Set<string>();
  for (let after = ''; ;) {
    const next = await inDatabase('pieces', 'readonly', (store) =>
      store.getAllKeys(IDBKeyRange.lowerBound([after, []], true), 1),
    );
    const key = (next[0] as [string] | undefined)?.[0];
    if (key === undefined) return [...found];
    found.add(key);
    after = key;
  }
}
