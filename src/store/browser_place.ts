/** A browser's storage: bytes in OPFS, or in IndexedDB where that fails; what is known of them in IndexedDB. */
import { asError, ResourceError } from '../base/errors.ts';
import type { ByteSource } from '../bytes/source.ts';
import { inDatabase } from './database.ts';
import { doneBytesOf } from './model_record.ts';
import { opfsBlob, openOpfsFile, opfsKeys, opfsSize, opfsSource, removeOpfsFile } from './opfs.ts';
import { allPieces, hasLastPiece, openPieces, pieceKeys, piecesSource, removePieces } from './pieces.ts';
import type { FileRecord, LockOptions, ModelRecord, OpenFile, Place, Release } from './place.ts';
import { hexOf } from './sha256.ts';

/** One of a browser's storages. */
interface Keeper {
  open(file: FileRecord): Promise<OpenFile>;
  source(file: FileRecord): Promise<ByteSource>;
  file(file: FileRecord): Promise<File>;
  isThere(file: FileRecord): Promise<boolean>;
  heldBytes(file: FileRecord): Promise<number>;
  remove(file: FileRecord): Promise<unknown>;
  keys(): Promise<string[]>;
}

const keepers: Readonly<Record<string, Keeper>> = {
  opfs: {
    open: (file) => openOpfsFile(file, freeBytes),
    source: opfsSource,
    file: async (file) => new File([await opfsBlob(file)], file.name),
    isThere: async ({ key, sizeBytes }) => (await opfsSize(key)) === sizeBytes,
    heldBytes: ({ key }) => opfsSize(key),
    remove: removeOpfsFile,
    keys: opfsKeys,
  },
  pieces: {
    open: async (file) => openPieces(file),
    source: async (file) => piecesSource({ ...file, sizeBytes: file.sizeBytes! }),
    file: async (file) => new File(await allPieces(file), file.name),
    isThere: hasLastPiece,
    heldBytes: async (file) => doneBytesOf(file),
    remove: ({ key }) => removePieces(key),
    keys: pieceKeys,
  },
};

/** @param keeper where new files go; a page that writes none need not know */
export function browserPlace(keeper: string): Place {
  const keeperOf = (record: ModelRecord): Keeper => keepers[record.keeper]!;
  return {
    keeper,
    records: () => inDatabase<ModelRecord[]>('models', 'readonly', (store) => store.getAll()),
    record: (name) => inDatabase<ModelRecord | undefined>('models', 'readonly', (store) => store.get(name)),
    keep: async (record) => void (await inDatabase('models', 'readwrite', (store) => store.put(record))),
    forget: async ({ name }) => void (await inDatabase('models', 'readwrite', (store) => store.delete(name))),
    newKey: () => hexOf(crypto.getRandomValues(new Uint8Array(16))),
    open: (record, file) => keeperOf(record).open(file),
    finish: async () => undefined, // a file has its place from the beginning
    isThere: (record, file) => keeperOf(record).isThere(file),
    heldBytes: (record, file) => keeperOf(record).heldBytes(file),
    remove: async (record, file) => void (await keeperOf(record).remove(file)),
    source: (record, file) => keeperOf(record).source(file),
    file: (record, file) => keeperOf(record).file(file),
    async room() {
      const records = await inDatabase<ModelRecord[]>('models', 'readonly', (store) => store.getAll());
      const held = await Promise.all(
        records.flatMap((record) => record.files.map((file) => keeperOf(record).heldBytes(file))),
      );
      const { quota } = await estimate();
      const isPersistent = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
      return { usedBytes: held.reduce((a, b) => a + b, 0), quotaBytes: quota, isPersistent };
    },
    freeBytes: async () => (saysTooLittle() ? undefined : freeBytes()),
    lock,
  };
}

const estimate = async (): Promise<StorageEstimate> =>
  (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};

/** WebKit may say that there is less room than there is, while little is used (its bug 11569). Writing tells, then. */
const saysTooLittle = (): boolean => /AppleWebKit(?!.*Chrom)/.test(navigator.userAgent);

async function freeBytes(): Promise<number | undefined> {
  const { quota, usage } = await estimate();
  return quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage);
}

/** Web Locks: the browser gives them back when a tab or a worker ends, however it ends. Pages without them have no second tab's care. */
function lock(name: string, { isShared = false, ifFree = false, signal }: LockOptions): Promise<Release | undefined> {
  const { locks } = navigator as { locks?: LockManager };
  if (!locks) return Promise.resolve(() => undefined);
  return new Promise((resolve, reject) => {
    const mode = isShared ? 'shared' : 'exclusive';
    const options = ifFree ? { mode, ifAvailable: true } : { mode, ...(signal && { signal }) };
    const held = (got: Lock | null): Promise<void> | undefined => {
      if (!got) return void resolve(undefined);
      return new Promise<void>((release) => resolve(release));
    };
    locks.request(`thimble model ${name}`, options as LockOptions & { mode: LockMode }, held).catch(reject);
  });
}

/** Files that no record knows: what is left where a tab was closed between two steps. */
export async function removeOrphans(): Promise<void> {
  const place = browserPlace('none');
  for (const [name, keeper] of Object.entries(keepers)) {
    const keys = await keeper.keys().catch(() => []);
    const known = new Set((await place.records()).flatMap(({ files }) => files.map(({ key }) => key)));
    for (const key of keys) {
      if (known.has(key) || key.startsWith('try-')) continue;
      await keeper.remove({ key, name } as FileRecord).catch((cause: unknown) => {
        throw new ResourceError(`cannot delete what is left of a model: ${asError(cause).message}`, { cause });
      });
    }
  }
}
