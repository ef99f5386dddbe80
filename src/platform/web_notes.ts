import type { Notes } from './notes.ts';

const DATABASE = 'thimble notes';
const NOTES = 'notes';

/** Notes lie in a database of the page's origin. */
export const notes: Notes = {
  read: (name) => inStore('readonly', (store) => store.get(name)),
  write: (name, value) => inStore('readwrite', (store) => store.put(value, name)).then(() => undefined),
};

/** What a request comes to; undefined where the browser keeps nothing. */
function inStore(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => Pick<IDBRequest, 'result'>,
): Promise<unknown> {
  return new Promise((resolve) => {
    const give = () => resolve(undefined);
    try {
      const opening = indexedDB.open(DATABASE, 1);
      opening.onupgradeneeded = () => void opening.result.createObjectStore(NOTES);
      opening.onerror = opening.onblocked = give;
      opening.onsuccess = () => {
        const database = opening.result;
        const transaction = database.transaction(NOTES, mode);
        const request = ask(transaction.objectStore(NOTES));
        transaction.onerror = transaction.onabort = give;
        transaction.oncomplete = () => resolve(request.result);
        const close = () => database.close();
        for (const end of ['complete', 'abort']) transaction.addEventListener(end, close);
      };
    } catch {
      give();
    }
  });
}
