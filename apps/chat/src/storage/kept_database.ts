/** Rows in IndexedDB. */
import { openDB, type IDBPDatabase, type IDBPTransaction } from 'idb';
import { tableNames, tables, type ChangeOptions, type Database, type Rows } from './database.ts';
import { StorageError } from './errors.ts';

const databaseName = 'thimble-chat';
const version = 1;

/**
 * @throws StorageError where another tab blocks a new version. What else is thrown means that the browser keeps nothing.
 */
export async function keptDatabase(name = databaseName): Promise<Database> {
  let open: Promise<IDBPDatabase> | undefined;
  /** A browser may close a database at any time: it is opened again then. */
  const opened = () => (open ??= openTables(name, () => (open = undefined)));
  const run = async <Result>(
    use: (rows: Rows) => Promise<Result>,
    mode: IDBTransactionMode,
    options: ChangeOptions,
  ) => {
    try {
      return await inTransaction(await opened(), use, { mode, ...options });
    } catch (error) {
      if (!isClosed(error)) throw told(error);
      open = undefined;
      return inTransaction(await opened(), use, { mode, ...options }).catch((again: unknown) => {
        throw told(again);
      });
    }
  };
  await opened();
  return {
    isKept: true,
    read: (use) => run(use, 'readonly', {}),
    change: (use, options = {}) => run(use, 'readwrite', options),
    close: () => {
      void open?.then((database) => database.close());
      open = undefined;
    },
  };
}

async function openTables(name: string, onClosed: () => void): Promise<IDBPDatabase> {
  let isBlocked = (_: StorageError): void => undefined;
  const blocked = new Promise<never>((_, reject) => (isBlocked = reject));
  const opening = openDB(name, version, {
    upgrade(database, oldVersion) {
      if (oldVersion >= 1) return;
      for (const table of tableNames) {
        const { key, isOfConversation } = tables[table];
        const store = database.createObjectStore(table, { keyPath: key });
        if (isOfConversation) store.createIndex('conversationId', 'conversationId');
      }
    },
    blocked: () =>
      isBlocked(new StorageError('blocked', 'Another tab holds an older version open: close it, and reload.')),
    blocking: (_current, _next, event) => (event.target as IDBDatabase).close(), // a newer version waits in another tab
    terminated: onClosed,
  });
  return Promise.race([opening, blocked]).catch((error: unknown) => {
    onClosed();
    throw error instanceof DOMException && error.name === 'VersionError' ? newerVersion(error) : error;
  });
}

const newerVersion = (cause: unknown): StorageError =>
  new StorageError('blocked', 'A newer version has been used here: reload to get it.', { cause });

interface Mode extends ChangeOptions {
  readonly mode: IDBTransactionMode;
}

async function inTransaction<Result>(
  database: IDBPDatabase,
  use: (rows: Rows) => Promise<Result>,
  { mode, isStrict }: Mode,
): Promise<Result> {
  const transaction = database.transaction(tableNames, mode, { durability: isStrict ? 'strict' : 'relaxed' });
  const done = transaction.done;
  done.catch(() => undefined); // told below
  try {
    const result = await use(rowsOf(transaction));
    await done;
    return result;
  } catch (error) {
    abort(transaction);
    throw transaction.error ?? error; // a full disk is told by the transaction
  }
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}

function rowsOf(transaction: IDBPTransaction<unknown, string[], IDBTransactionMode>): Rows {
  const store = (table: string) => transaction.objectStore(table);
  return {
    get: (table, key) => store(table).get(key),
    all: (table) => store(table).getAll(),
    ofConversation: (table, id) => store(table).index('conversationId').getAll(id),
    put: async (table, row) => void (await store(table).put!(row)),
    remove: (table, key) => store(table).delete!(key),
    clear: (table) => store(table).clear!(),
  };
}

const isClosed = (error: unknown): boolean => error instanceof DOMException && error.name === 'InvalidStateError';

/** The browser's errors in the user's words. */
function told(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  if (error.name === 'QuotaExceededError') {
    const help = 'Delete a model or conversations, or make room on the device.';
    return new StorageError('full', `There is no room left to keep this. ${help}`, { cause: error });
  }
  if (error.name === 'VersionError') return newerVersion(error);
  if (error.name === 'InvalidStateError') {
    const why = 'The database was closed, by another tab with a newer version perhaps';
    return new StorageError('blocked', `${why}: reload the page.`, { cause: error });
  }
  return new StorageError('damaged', `The browser cannot read or write what it keeps: ${error.message}`, {
    cause: error,
  });
}
