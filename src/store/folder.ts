/**
 * Models in a folder, in Node. Files keep their names, so that other programs can use them; what is not whole ends in `.part`. What is known
 * of them lies in a folder `.thimble` beside.
 */
import { createHash } from 'node:crypto';
import { constants, openAsBlob, unlinkSync } from 'node:fs';
import {
  access,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  unlink,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { failing, openNodeFile } from '../bytes/node_file.ts';
import { ResourceError } from '../base/errors.ts';
import { sum } from '../base/numbers.ts';
import { parseShardName } from '../gguf/shard_names.ts';
import { newFile } from './model_record.ts';
import type { FileRecord, LockOptions, ModelRecord, OpenFile, Place, Release } from './place.ts';
import { checkedName } from './sources.ts';
import { pause } from './trouble.ts';

const NOTES = '.thimble';
const POLL_MS = 250;
/** Where models come from that lie in the folder, and that nobody downloaded or imported. */
const STRANGE = 'folder';

export function folderPlace(given: string): Place {
  const folder = resolve(given);
  const notes = new Notes(folder);
  const finalPath = ({ key }: FileRecord): string => join(folder, ...key.split('/'));
  const partPath = (file: FileRecord): string => `${finalPath(file)}.part`;
  const heldBytes = async (file: FileRecord): Promise<number> => {
    const found = await stat(partPath(file)).catch(() => undefined);
    return found ? Math.min(found.size, 512 * found.blocks) : 0; // blocks that were never written take no room
  };
  const freeBytes = async (): Promise<number | undefined> => {
    const { bavail, bsize } = (await statfs(await firstThere(folder)).catch(() => undefined)) ?? {};
    return bavail === undefined || bsize === undefined ? undefined : bavail * bsize;
  };
  return {
    keeper: 'folder',
    records: () => notes.records(),
    record: (name) => notes.record(name),
    keep: (record) => notes.keep(record),
    forget: (record) => notes.forget(record),
    newKey: (model, file) => (parseShardName(file) ? `${folderOfShards(model)}${file}` : model),
    async open(_, file) {
      const path = partPath(file);
      await mkdir(dirname(path), { recursive: true }).catch(failing('create', dirname(path)));
      if ((await sizeAt(finalPath(file))) !== undefined && file.checkpoints.length === 0)
        throw new ResourceError(`${finalPath(file)} is there already; delete it, or give another name`);
      const handle = await open(path, constants.O_RDWR | constants.O_CREAT).catch(failing('create', path));
      return openFile(path, handle);
    },
    finish: (_, file) => rename(partPath(file), finalPath(file)).catch(failing('name', finalPath(file))),
    isThere: async () => true, // notes of files that are not say nothing
    heldBytes: (_, file) => heldBytes(file),
    async remove({ from }, file) {
      await rm(partPath(file), { force: true }).catch(failing('remove', partPath(file)));
      if (file.sha256 === undefined && from !== STRANGE) return; // a file of that name would be somebody else's
      await rm(finalPath(file), { force: true }).catch(failing('remove', finalPath(file)));
    },
    source: (_, file) => openNodeFile(finalPath(file)),
    file: async (_, file) => new File([await openAsBlob(finalPath(file))], file.name),
    pathOf: finalPath,
    async room() {
      const files = (await notes.records()).flatMap((record) => record.files);
      const sizes = await Promise.all(files.map(async (file) => (await sizeAt(finalPath(file))) ?? heldBytes(file)));
      const usedBytes = sum(sizes);
      const free = await freeBytes();
      return { usedBytes, quotaBytes: free === undefined ? undefined : usedBytes + free, isPersistent: true };
    },
    freeBytes,
    lock: (name, how) => lockFile(notes.folder, notes.pathOf(name, 'lock'), how),
  };
}

/** Shards keep their names, by which they find each other: beside the model's own name, or in a folder that is called like the model. */
const folderOfShards = (model: string): string =>
  parseShardName(model) ? model.slice(0, model.lastIndexOf('/') + 1) : `${model}/`;

/** So long may names in a folder be, with what is put behind them. */
const MOST_NOTE_BYTES = 200;

/** What is known of the models in a folder. */
class Notes {
  readonly folder: string;
  private readonly models: string;

  constructor(models: string) {
    this.models = models;
    this.folder = join(models, NOTES);
  }

  pathOf(name: string, kind: 'json' | 'lock'): string {
    const encoded = encodeURIComponent(name.replace(/\p{Cs}/gu, '\ufffd'));
    const short = `${encoded.slice(0, MOST_NOTE_BYTES - 32)}~${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
    return join(this.folder, `${encoded.length > MOST_NOTE_BYTES ? short : encoded}.${kind}`);
  }

  /** Models with a note whose files are as it says, and all others that lie in the folder. */
  async records(): Promise<ModelRecord[]> {
    const names = await readdir(this.folder).catch(() => []);
    const paths = names.filter((name) => name.endsWith('.json')).map((name) => join(this.folder, name));
    const known: ModelRecord[] = [];
    for (const path of paths) {
      const record = await this.read(path);
      if (record) known.push(record);
    }
    return [...known, ...(await strangers(this.models, known))];
  }

  async record(name: string): Promise<ModelRecord | undefined> {
    const record = await this.read(this.pathOf(name, 'json'));
    return record ?? (await strangers(this.models, [])).find((each) => each.name === name);
  }

  async keep(record: ModelRecord): Promise<void> {
    await mkdir(this.folder, { recursive: true }).catch(failing('create', this.folder));
    const path = this.pathOf(record.name, 'json');
    const next = `${path}.${process.pid}.new`;
    await writeFile(next, JSON.stringify(record)).catch(failing('write', next));
    await rename(next, path).catch(failing('write', path));
  }

  forget({ name }: ModelRecord): Promise<void> {
    return rm(this.pathOf(name, 'json'), { force: true });
  }

  /** A note that is torn, of another program, or of files that are not there any more, says nothing. */
  private async read(path: string): Promise<ModelRecord | undefined> {
    const text = await readFile(path, 'utf8').catch(() => '');
    const record = parsed(text);
    if (!record || this.pathOf(record.name, 'json') !== path) return undefined;
    if (!record.isComplete) return record;
    const sizes = await Promise.all(record.files.map(({ key }) => sizeAt(join(this.models, ...key.split('/')))));
    return record.files.every(({ sizeBytes }, i) => sizeBytes === sizes[i]) ? record : undefined;
  }
}

function parsed(text: string): ModelRecord | undefined {
  try {
    const record = JSON.parse(text) as ModelRecord;
    checkedName(record.name);
    const isRight = typeof record.from === 'string' && Number.isFinite(record.addedAt) && record.files.every(isFile);
    return isRight ? record : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** A note that somebody changed leads to no file outside of the folder. @throws TypeError for keys that do */
function isFile({ key, name, sizeBytes, partBytes, checkpoints, sha256 }: FileRecord): boolean {
  checkedName(key);
  const isSized = sizeBytes === undefined ? sha256 === undefined : isCount(sizeBytes);
  return isText(name) && isSized && isCount(partBytes) && partBytes > 0 && checkpoints.every(isText);
}

const sizeAt = (path: string): Promise<number | undefined> =>
  stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );

/** The folder, or where it will be made. */
async function firstThere(folder: string): Promise<string> {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  return isThere || dirname(folder) === folder ? folder : firstThere(dirname(folder));
}

/** Models that nobody downloaded with this program: whoever put them there knows what they are. */
async function strangers(folder: string, known: readonly ModelRecord[]): Promise<ModelRecord[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const taken = new Set(known.flatMap(({ files }) => files.map(({ key }) => key)));
  const keys = entries
    .filter((entry) => entry.isFile() && /\.gguf$/i.test(entry.name))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    )
    .filter((key) => !taken.has(key) && !key.startsWith(`${NOTES}/`));
  const firsts = keys.filter((key) => (parseShardName(key)?.shardIndex ?? 0) === 0);
  const found = await Promise.all(firsts.map((key) => strangerOf(folder, key, keys)));
  return found.filter((record) => record !== undefined);
}

/** @returns undefined for one that has gone meanwhile */
async function strangerOf(folder: string, key: string, keys: readonly string[]): Promise<ModelRecord | undefined> {
  const shard = parseShardName(key);
  const stem = key.slice(0, key.length - '00001-of-00001.gguf'.length);
  const all = shard
    ? keys.filter((each) => each.startsWith(stem) && parseShardName(each)?.nShards === shard.nShards).sort()
    : [key];
  const found = await Promise.all(all.map((each) => stat(join(folder, each)))).catch(() => undefined);
  if (!found) return undefined;
  const files = all.map((each, i): FileRecord => ({
    ...newFile(each, each.split('/').at(-1)!),
    sizeBytes: found[i]!.size,
  }));
  const isComplete = !shard || all.length === shard.nShards;
  return { name: key, from: STRANGE, addedAt: found[0]!.mtimeMs, keeper: 'folder', files, isComplete };
}

function openFile(path: string, handle: FileHandle): OpenFile {
  let isOpen = true;
  return {
    reserve: (sizeBytes) => handle.truncate(sizeBytes).catch(failing('write', path)),
    async write(offsetBytes, bytes) {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle
          .write(bytes, done, bytes.length - done, offsetBytes + done)
          .catch(failing('write', path));
        done += bytesWritten;
      }
    },
    async read(offsetBytes, into) {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await handle
          .read(into, done, into.length - done, offsetBytes + done)
          .catch(failing('read', path));
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    flush: () => handle.sync().catch(failing('write', path)),
    async close() {
      if (isOpen) await handle.close();
      isOpen = false;
    },
  };
}

/** A file with the number of the process that has the lock; that of a process that is gone locks nothing. Who reads models needs none. */
async function lockFile(
  notes: string,
  path: string,
  { isShared, ifFree, signal }: LockOptions,
): Promise<Release | undefined> {
  if (isShared) return () => undefined;
  await mkdir(notes, { recursive: true }).catch(failing('create', notes));
  const never = new AbortController().signal;
  for (;;) {
    const release = await takeLock(path);
    if (release || ifFree) return release;
    await pause(POLL_MS, signal ?? never);
  }
}

/** Locks of this process, which its number does not tell apart. */
const own = new Set<string>();

async function takeLock(path: string): Promise<Release | undefined> {
  if (own.has(path)) return undefined;
  own.add(path);
  const release = (): void => {
    own.delete(path);
    try {
      unlinkSync(path); // at once: a moment later it may be somebody else's
    } catch {
      // somebody has removed it
    }
  };
  for (let nTries = 0; nTries < 2; nTries++) {
    const isOurs = await writeFile(path, `${process.pid} ${startedAt()}`, { flag: 'wx' }).then(
      () => true,
      (error: { code?: string }) => (error.code === 'EEXIST' ? false : failing('create', path)(error)),
    );
    if (isOurs) return release;
    if (await isHeld(path)) break;
    await unlink(path).catch(() => undefined);
  }
  own.delete(path);
  return undefined;
}

/** When this process began, in seconds of a clock that nobody sets: all of its threads say the same, and another process of its number not. */
const startedAt = (): string => (Number(process.hrtime.bigint()) / 1e9 - process.uptime()).toFixed(2);

/** Whoever makes a lock file needs a moment to write the number. */
const WRITING_MS = 2000;

async function isHeld(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  const [pid, begun] = text.split(' ').map(Number);
  if (pid) return isAlive(pid, begun);
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return Math.abs(Date.now() - mtimeMs) < WRITING_MS;
}

function isAlive(pid: number, begun = 0): boolean {
  if (pid === process.pid) return Math.abs(begun - Number(startedAt())) < 1; // else one before had the same number
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}
