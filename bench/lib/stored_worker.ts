/** A worker of a page: writes a file to OPFS, and times how it is read through a handle and through a File. */
import { Sha256 } from '../../src/store/sha256.ts';
import { median } from '../measure/stats.ts';

const MIB = 2 ** 20;
const fileBytes = 128 * MIB;
const pieceBytes = 2 * MIB;
const nRandom = 200;

export interface StoredSpeeds {
  /** Bytes per second in pieces of 2 MiB. */
  readonly handleRate: number;
  readonly fileRate: number;
  /** Seconds for 4 kB anywhere. */
  readonly handleRandom: number;
  readonly fileRandom: number;
  readonly sha256Rate: number;
}

/** Only the types of workers know it. */
interface SyncHandle {
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

type Read = (offsetBytes: number, nBytes: number) => void | Promise<void>;

async function secondsOf(run: () => Promise<void>): Promise<number> {
  const rounds: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await run();
    rounds.push((performance.now() - start) / 1000);
  }
  return median(rounds);
}

async function readAll(read: Read): Promise<void> {
  for (let at = 0; at < fileBytes; at += pieceBytes) await read(at, pieceBytes);
}

async function readAnywhere(read: Read): Promise<void> {
  const step = 4096 * 9973; // no neighbours
  for (let i = 0; i < nRandom; i++) await read((i * step) % fileBytes, 4096);
}

async function measure(): Promise<StoredSpeeds> {
  const folder = await navigator.storage.getDirectory();
  const entry = await folder.getFileHandle('bench', { create: true });
  const handle = await (
    entry as FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> }
  ).createSyncAccessHandle();
  const piece = new Uint8Array(pieceBytes).map((_, i) => i);
  await readAll((at) => void handle.write(piece, { at }));
  handle.flush();
  const byHandle: Read = (at, nBytes) => {
    if (handle.read(piece.subarray(0, nBytes), { at }) !== nBytes) throw new Error('fewer bytes came than there are');
  };
  const [handleRate, handleRandom] = [
    fileBytes / (await secondsOf(() => readAll(byHandle))),
    (await secondsOf(() => readAnywhere(byHandle))) / nRandom,
  ];
  handle.close();
  const file = await entry.getFile();
  const byFile: Read = async (at, nBytes) => {
    const bytes = await file.slice(at, at + nBytes).arrayBuffer();
    if (bytes.byteLength !== nBytes) throw new Error('fewer bytes came than there are');
  };
  const [fileRate, fileRandom] = [
    fileBytes / (await secondsOf(() => readAll(byFile))),
    (await secondsOf(() => readAnywhere(byFile))) / nRandom,
  ];
  const sha256Rate = fileBytes / 4 / (await secondsOf(async () => hashed(piece, fileBytes / 4)));
  await folder.removeEntry('bench');
  return { handleRate, fileRate, handleRandom, fileRandom, sha256Rate };
}

function hashed(piece: Uint8Array, nBytes: number): void {
  const hash = new Sha256();
  for (let done = 0; done < nBytes; done += piece.length) hash.update(piece);
  hash.digest();
}

measure().then(
  (speeds) => postMessage({ speeds }),
  (error: unknown) => postMessage({ error: String(error) }),
);
