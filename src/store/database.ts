/** IndexedDB: what is known of models, and where OPFS does not work, their bytes in pieces. */
import { asError, ResourceError } from '../base/errors.ts';

const NAME = 'thimble';

/** Records of models by name; pieces of files by `[key of the file, part, piece]`. */
export type Shelf = 'models' | 'pieces';

/** Opened for each use: browsers close connections of tabs that sleep, without a word. */
function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    if (typeof indexedDB === 'undefined') return reject(new Error('this browser has none'));
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('models', { keyPath: 'name' });
      opening.result.createObjectStore('pieces');
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(asError(opening.error));
    opening.onblocked = () => reject(new Error('another tab has it open in an older version; close that tab'));
  });
}

/**
 * One transaction. Its result is there once the transaction has been completed.
 * @throws ResourceError where the browser has no IndexedDB for this page, or no room
 */
export async function inDatabase<T>(
  shelf: Shelf,
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => IDBRequest<T> | undefined,
): Promise<T> {
  let database: IDBDatabase | undefined;
  try {
    database = await openDatabase();
    const transaction = database.transaction(shelf, mode);
    const request = use(transaction.objectStore(shelf));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(asError(transaction.error ?? 'the transaction was aborted'));
      transaction.onerror = () => reject(asError(transaction.error));
    });
    return request?.result as T;
  } catch (cause) {
    throw new ResourceError(
      `cannot ${mode === 'readonly' ? 'read' : 'write'} this browser's storage (IndexedDB): ${whyOf(cause)}`,
      { cause },
    );
  } finally {
    database?.close();
  }
}

const whyOf = (cause: unknown): string => {
  const { name, message } = asError(cause);
  return name === 'QuotaExceededError'
    ? 'no room is left; delete a model'
    : `${message || name}; private windows may have none`;
};
