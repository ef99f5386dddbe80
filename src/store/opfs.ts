/** Files in the browser's own folder (OPFS). Writing needs a sync access handle, which only workers have. */
import { asError, ResourceError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import { blobSource } from '../bytes/blob.ts';
import { endsEarly, type ByteSource } from '../bytes/source.ts';
import type { OpenFile } from './place.ts';
import { noRoom } from './room.ts';

const FOLDER = 'thimble';

/** As much of the standard as is used here; TypeScript's own has no `mode` yet. */
interface SyncHandle {
  read(into: Uint8Array, at: { readonly at: number }): number;
  write(bytes: Uint8Array, at: { readonly at: number }): number;
  truncate(sizeBytes: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface HandleMaker {
  createSyncAccessHandle(options?: { readonly mode: 'read-only' }): Promise<SyncHandle>;
}

const folder = async (): Promise<FileSystemDirectoryHandle> =>
  (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });

const syncHandle = (file: FileSystemFileHandle, options?: { readonly mode: 'read-only' }): Promise<SyncHandle> =>
  (file as unknown as HandleMaker).createSyncAccessHandle(options);

/** Whether it works here: Safari's private windows and WebKitGTK have it, and fail when it is used. To be asked in a worker. */
export async function opfsWorks(): Promise<boolean> {
  const name = `try-${Math.random().toString(36).slice(2)}`;
  try {
    const files = await folder();
    const handle = await syncHandle(await files.getFileHandle(name, { create: true }));
    const isWritten = handle.write(Uint8Array.of(1), { at: 0 }) === 1;
    handle.close();
    await files.removeEntry(name);
    return isWritten;
  } catch {
    return false;
  }
}

interface Named {
  readonly key: string;
  readonly name: string;
}

/** @param freeBytes what the browser says is left, for messages */
export async function openOpfsFile(
  { key, name }: Named,
  freeBytes: () => Promise<number | undefined>,
): Promise<OpenFile> {
  const entry = await (await folder()).getFileHandle(key, { create: true }).catch(failing('open', name));
  const handle = await syncHandle(entry).catch(failing('open', name));
  const full = async (needed: number, cause?: unknown): Promise<never> => {
    const free = await freeBytes();
    const error = noRoom(name, needed, free ?? 0);
    throw free !== undefined && free < needed
      ? error
      : new ResourceError(
          `the browser has no room for ${counted(needed)} bytes more of ${name}; delete a model, or free space on the device`,
          { cause },
        );
  };
  return {
    async reserve(sizeBytes) {
      const before = handle.getSize();
      try {
        handle.truncate(sizeBytes);
      } catch (cause) {
        return full(sizeBytes - before, cause);
      }
    },
    async write(offsetBytes, bytes) {
      let written: number;
      try {
        written = handle.write(bytes, { at: offsetBytes });
      } catch (cause) {
        return full(bytes.length, cause);
      }
      // over quota, Chromium's private windows return less, or nonsense, and do not throw
      if (written !== bytes.length) return full(bytes.length);
    },
    read: async (offsetBytes, into) => handle.read(into, { at: offsetBytes }),
    flush: async () => handle.flush(),
    close: async () => handle.close(), // a second close does nothing
  };
}

/**
 * A file that is whole. A handle reads ten times as fast as a File (Xeon, pieces of 2 MiB: Chromium 7.6 and 0.7 GB/s, Firefox 5.0 and 0.4), but
 * pages have none, and beside Chromium a file has one handle only: a second tab reads the File, which works beside a handle.
 */
export async function opfsSource(named: Named & { readonly sizeBytes: number | undefined }): Promise<ByteSource> {
  const { key, name, sizeBytes } = named;
  const entry = await (await folder()).getFileHandle(key).catch(failing('open', name));
  const handle =
    'createSyncAccessHandle' in entry
      ? await syncHandle(entry, { mode: 'read-only' }).catch(() => undefined)
      : undefined;
  const source = handle ? handleSource(handle, name) : blobSource(await opfsBlob(named), name);
  if (source.size === sizeBytes) return source;
  await source.close?.();
  throw new ResourceError(
    `${name} has ${counted(source.size)} bytes in this browser's storage, expected ${counted(sizeBytes ?? 0)}; delete it and download it again`,
  );
}

/** So much is copied at a time where the browser does not read into shared memory. */
const COPY_BYTES = 2 ** 21;

function handleSource(handle: SyncHandle, name: string): ByteSource {
  const size = handle.getSize();
  let scratch: Uint8Array | undefined;
  const readDirectly = (offsetBytes: number, into: Uint8Array): number => {
    try {
      return handle.read(into, { at: offsetBytes });
    } catch (cause) {
      if (asError(cause).name === 'TypeError')
        scratch = new Uint8Array(COPY_BYTES); // shared memory
      else failing('read', name)(cause);
      return 0;
    }
  };
  const readCopied = (offsetBytes: number, into: Uint8Array, by: Uint8Array): number => {
    const part = by.subarray(0, into.length);
    const nBytes = handle.read(part, { at: offsetBytes });
    into.set(part.subarray(0, nBytes));
    return nBytes;
  };
  return {
    name,
    size,
    async read(offsetBytes, into, signal) {
      if (offsetBytes + into.length > size) throw endsEarly({ name, size }, into, offsetBytes);
      for (let done = 0; done < into.length;) {
        signal?.throwIfAborted();
        const rest = into.subarray(done);
        let nBytes = scratch ? 0 : readDirectly(offsetBytes + done, rest);
        if (scratch) nBytes = readCopied(offsetBytes + done, rest, scratch);
        if (nBytes === 0) throw endsEarly({ name, size }, into, offsetBytes);
        done += nBytes;
      }
    },
    close: async () => handle.close(),
  };
}

export async function opfsBlob({ key, name }: Named): Promise<File> {
  const entry = await (await folder()).getFileHandle(key).catch(failing('open', name));
  return entry.getFile().catch(failing('open', name));
}

export async function opfsSize(key: string): Promise<number> {
  try {
    return (await (await (await folder()).getFileHandle(key)).getFile()).size;
  } catch {
    return 0;
  }
}

export async function removeOpfsFile({ key, name }: Named): Promise<void> {
  await (await folder()).removeEntry(key).catch((error: unknown) => {
    if (asError(error).name === 'NotFoundError') return;
    failing('delete', name)(error);
  });
}

/** The keys of all files that there are. */
export async function opfsKeys(): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of ((await folder()) as unknown as { keys(): AsyncIterable<string> }).keys()) keys.push(key);
  return keys;
}

const remedies: Readonly<Record<string, string>> = {
  NotFoundError: 'it is not there any more; download it again',
  NoModificationAllowedError: 'another tab has it open; close that one',
  InvalidStateError: 'another tab has it open; close that one',
};

function failing(doing: string, name: string): (cause: unknown) => never {
  return (cause) => {
    const error = asError(cause);
    throw new ResourceError(
      `cannot ${doing} ${name} in this browser's storage: ${remedies[error.name] ?? error.message}`,
      { cause },
    );
  };
}
