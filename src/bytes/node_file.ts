/** Files on disk, in Node. */
import { link, open, rename, stat, unlink } from 'node:fs/promises';
import { constants, fstatSync, unlinkSync, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkNames } from '../base/checks.ts';
import { asError, FormatError, ResourceError } from '../base/errors.ts';
import { endsEarly, type ByteSink, type ByteSource } from './source.ts';

/** A read this long takes milliseconds, so that cancelling is prompt. */
const pieceBytes = 16 * 2 ** 20;

/** What the system's error codes mean for the user. */
const remedies: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file; check the path'],
  ['ENOTDIR', 'a part of the path is not a folder; check the path'],
  ['EACCES', 'permission denied; change its permissions'],
  ['EPERM', 'not permitted; change its permissions'],
  ['EISDIR', 'it is a folder, expected a file'],
  ['ENXIO', 'it is not a file'],
  ['ELOOP', 'the link leads in a circle; check the path'],
  ['ENAMETOOLONG', 'the name is too long; choose another'],
  ['EEXIST', 'it exists already; delete it or choose another name'],
  ['EMFILE', 'too many files are open; raise the limit (ulimit -n)'],
  ['ENOSPC', 'no space left on the disk; free some and try again'],
  ['EDQUOT', 'the disk quota is used up; free some space and try again'],
  ['EFBIG', 'the file system does not take files this long; use smaller shards'],
  ['EROFS', 'the file system is read-only; choose another folder'],
]);

const codeOf = (cause: unknown): string => (cause instanceof Error && 'code' in cause ? String(cause.code) : '');

/** What a failed call of the file system means, and what to do. */
export function failing(doing: string, path: string, others?: ReadonlyMap<string, string>): (cause: unknown) => never {
  return (cause) => {
    const code = codeOf(cause);
    const why = others?.get(code) ?? remedies.get(code) ?? asError(cause).message;
    throw new ResourceError(`cannot ${doing} ${path}: ${why}`, { cause });
  };
}

/** Opens for reading what is a file. Without O_NONBLOCK a pipe that nobody writes to would be waited for. */
async function openFile(path: string): Promise<{ handle: FileHandle; opened: Stats }> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(failing('open', path));
  try {
    const opened = await handle.stat();
    if (opened.isFile()) return { handle, opened };
    const what = opened.isDirectory() ? 'it is a folder, expected a file' : 'it is not a file; write it into one first';
    throw new ResourceError(`cannot open ${path}: ${what}`);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * All bytes of a file.
 * @throws ResourceError where it is missing, not a file, or not readable; AbortError on `signal`.
 */
export async function readNodeFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const { handle } = await openFile(path);
  try {
    return await handle.readFile({ signal });
  } catch (error) {
    signal?.throwIfAborted();
    return failing('read', path)(error);
  } finally {
    await handle.close();
  }
}

/**
 * A file on disk. After every read it checks that the file is still the one that was opened, so weights of two versions never
 * mix.
 * @throws ResourceError where the file is missing, a folder or not readable; FormatError where it is empty.
 */
export async function openNodeFile(path: string): Promise<ByteSource> {
  const { handle, opened } = await openFile(path);
  if (opened.size > 0) return nodeSource(path, handle, opened);
  await handle.close();
  throw new FormatError(`${path} is empty; interrupted download?`);
}

/** Opens files by name in the folder of `path`: where the other shards of a split model lie. */
export function openBeside(path: string): (name: string) => Promise<ByteSource> {
  return (name) => openNodeFile(join(dirname(path), name));
}

function statNow(path: string, handle: FileHandle): Stats {
  try {
    return fstatSync(handle.fd);
  } catch (cause) {
    return failing('read', path)(cause);
  }
}

function nodeSource(path: string, handle: FileHandle, opened: Stats): ByteSource {
  const checkUnchanged = (): void => {
    const now = statNow(path, handle); // not awaited: that takes 50 microseconds instead of 2, for every read
    if (now.size === opened.size && now.mtimeMs === opened.mtimeMs && now.nlink > 0) return;
    const what = now.nlink === 0 ? 'was deleted or replaced' : `changed (${opened.size} bytes then, ${now.size} now)`;
    throw new ResourceError(`${path} ${what} while it was being read; open it again`);
  };
  return {
    name: path,
    size: opened.size,
    async read(offsetBytes, into, signal) {
      for (let done = 0; done < into.length;) {
        signal?.throwIfAborted();
        const wanted = Math.min(pieceBytes, into.length - done);
        const { bytesRead } = await handle.read(into, done, wanted, offsetBytes + done).catch(failing('read', path));
        if (bytesRead === 0) {
          checkUnchanged();
          throw endsEarly({ name: path, size: opened.size }, into, offsetBytes);
        }
        done += bytesRead;
      }
      checkUnchanged();
    },
    close: () => handle.close(),
  };
}

/** Temporary files of sinks that are open: a process that exits takes them away. */
const unfinished = new Set<string>();

function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      unlinkSync(path);
    } catch {
      // someone else removed it
    }
  }
}

function forget(temporary: string): void {
  unfinished.delete(temporary);
  if (unfinished.size === 0) process.off('exit', removeUnfinished);
}

/** What codes mean where a file is to be made. */
const folderRemedies: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such folder; make it first'],
  ['EACCES', 'its folder may not be written to; choose another'],
]);

/**
 * A new file on disk. Its bytes go to a temporary name beside it; they get the final name when they are whole and on the
 * disk. With `replace`, a file of that name may be there already; its permissions stay.
 * @throws ResourceError where the name is taken, also where another takes it meanwhile, or its folder is missing or not writable.
 */
export async function openNodeSink(path: string, options: { readonly replace?: boolean } = {}): Promise<ByteSink> {
  checkNames('option of openNodeSink', options, ['replace']);
  const { replace = false } = options;
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isFile())
    throw new ResourceError(`${path} is not a file that can be replaced; choose another name`);
  if (there && !replace) throw new ResourceError(`${path} exists already; delete it or choose another name`);
  const temporary = `${path}.${crypto.randomUUID()}.part`; // the global: importing node:crypto takes 4 ms of every start
  const mode = there && there.mode & 0o777; // who may read it stays as it was
  const handle = await open(temporary, 'wx', mode).catch(failing('create', path, folderRemedies));
  if (unfinished.size === 0) process.on('exit', removeUnfinished);
  unfinished.add(temporary);
  let state: 'open' | 'finished' | 'aborted' = 'open';
  return {
    name: path,
    async write(bytes) {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, done).catch(failing('write', path));
        done += bytesWritten;
      }
    },
    async finish() {
      await handle.sync().catch(failing('write', path));
      await handle.close();
      await (replace ? rename(temporary, path) : takeName(temporary, path)).catch(failing('name', path));
      state = 'finished';
      forget(temporary);
      await syncFolder(dirname(path));
    },
    async abort() {
      if (state === 'aborted') return;
      const written = state === 'finished' ? path : temporary;
      state = 'aborted';
      await handle.close(); // a second close is harmless
      forget(temporary);
      await unlink(written).catch(failing('remove', written));
    },
  };
}

/** Gives a file a name that nothing has. A rename would replace what another program has put there meanwhile. */
async function takeName(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error;
    const placeholder = await open(path, 'wx'); // this file system knows no second names
    await placeholder.close();
    return rename(temporary, path);
  }
  await unlink(temporary);
}

/** Makes a rename durable. Windows cannot open folders and does not need it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
