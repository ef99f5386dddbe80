/** Rows that live as long as the tab, where a browser keeps nothing. */
import { tableNames, tables, type Database, type Rows, type TableName } from './database.ts';

type Contents = Map<TableName, Map<string, object>>;

const emptyContents = (): Contents => new Map(tableNames.map((name) => [name, new Map()]));

export function memoryDatabase(): Database {
  let contents = emptyContents();
  let latest: Promise<unknown> = Promise.resolve();
  /** One after the other. */
  const inTurn = <Result>(task: () => Promise<Result>): Promise<Result> => {
    const done = latest.then(task);
    latest = done.catch(() => undefined);
    return done;
  };
  return {
    isKept: false,
    read: (use) => inTurn(() => use(rowsOf(contents))),
    change: (use) =>
      inTurn(async () => {
        const changed: Contents = new Map([...contents].map(([name, rows]) => [name, new Map(rows)]));
        const result = await use(rowsOf(changed));
        contents = changed;
        return result;
      }),
    close: () => {
      contents = emptyContents();
    },
  };
}

function rowsOf(contents: Contents): Rows {
  const rows = (table: TableName) => contents.get(table)!;
  const copies = (found: Iterable<object>) => [...found].map((row) => structuredClone(row)) as never[];
  return {
    get: async (table, key) => copies([rows(table).get(key) ?? []].flat())[0],
    all: async (table) => copies(rows(table).values()),
    ofConversation: async (table, id) =>
      copies([...rows(table).values()].filter((row) => 'conversationId' in row && row.conversationId === id)),
    put: async (table, row) => {
      const key = row[tables[table].key as keyof typeof row] as string;
      rows(table).set(key, structuredClone(row));
    },
    remove: async (table, key) => void rows(table).delete(key),
    clear: async (table) => rows(table).clear(),
  };
}
