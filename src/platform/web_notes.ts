import type { Notes } from './notes.ts';

const DATABASE = 'thimble notes';
const NOTES = 'notes';

/** Some browsers never answer, when they have lost their database; others answer in a fraction of this. */
const SILENCE_MS = 3000;

/** Notes lie in a database of the page's origin. */
export const notes: Notes = {
  read: (name) => inStore('readonly', (store) => store.get(name)),
  write: (name, value) => inStore('readwrite', (store) => store.put(value, name)).then(() => undefined),
};

/** What a request comes to; undefined where the browser keeps nothing. */
function inStore(mode: IDBTransactionMode, ask: Asking['ask']): Promise<unknown> {
  return new Promise((resolve) => {
    const give = () => resolve(undefined);
    setTimeout(give, SILENCE_MS);
    try {
      const opening = indexedDB.open(DATABASE, 1);
      opening.onupgradeneeded = () => void opening.result.createObjectStore(NOTES);
      opening.onerror = opening.onblocked = give;
      opening.onsuccess = () => inDatabase(opening.result, { mode, ask }).then(resolve, give);
    } catch {
      give();
    }
  });
}

interface Asking {
  readonly mode: IDBTransactionMode;
  readonly ask: (store: IDBObjectStore) => Pick<IDBRequest, 'result'>;
}

/** The same of a database that is open; it is closed afterwards. @throws DOMException where there is no such store, or no copy of a value */
async function inDatabase(database: IDBDatabase, { mode, ask }: Asking): Promise<unknown> {
  try {
    const transaction = database.transaction(NOTES, mode);
    const request = ask(transaction.objectStore(NOTES));
    return await new Promise((resolve) => {
      transaction.onerror = transaction.onabort = () => resolve(undefined);
      transaction.oncomplete = () => resolve(request.result);
    });
  } finally {
    database.close();
  }
}
