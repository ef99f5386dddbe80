/** Searches titles and messages. The index is made when somebody first searches, and follows what changes. */
import MiniSearch from 'minisearch';
import type { Database } from './database.ts';
import type { Change, SearchHit } from './types.ts';
import { plainWord, searchWords, wordsOf } from './words.ts';

/** A title goes by `conversation:ID`, a message by `message:ID`. */
interface Entry {
  readonly key: string;
  readonly conversationId: string;
  readonly messageId: string | undefined;
  readonly text: string;
}

export interface TextSearch {
  search(query: string, most: number): Promise<SearchHit[]>;
  /** What changed is read again before the next search. */
  changed(change: Pick<Change, 'kind' | 'id' | 'conversationId'>): void;
}

export function textSearch(database: Database): TextSearch {
  let index: Promise<Index> | undefined;
  const stale = new Map<string, Pick<Change, 'kind' | 'id'>>();
  const current = async () => {
    index ??= wholeIndex(database);
    const built = await index;
    if (stale.size > 0) await refresh(built, database, stale);
    return built;
  };
  return {
    async search(query, most) {
      const { search, entries } = await current();
      const found = search.search(query, { combineWith: 'AND', prefix: true, boostDocument });
      return found.slice(0, most).flatMap(({ id, terms }) => {
        const entry = entries.get(id as string);
        return entry ? [hitOf(entry, new Set(terms))] : [];
      });
    },
    changed({ kind, id }) {
      if (kind === 'everything') index = undefined;
      if (index && (kind === 'conversation' || kind === 'message')) stale.set(`${kind}:${id}`, { kind, id });
    },
  };
}

/** Titles say what a conversation is about. */
const boostDocument = (key: string): number => (key.startsWith('conversation:') ? 2 : 1);

interface Index {
  readonly search: MiniSearch<Entry>;
  readonly entries: Map<string, Entry>;
}

async function wholeIndex(database: Database): Promise<Index> {
  const search = new MiniSearch<Entry>({ idField: 'key', fields: ['text'], ...searchWords });
  const all = await database.read(async (rows) => [
    ...(await rows.all('conversations')).map(titleEntry),
    ...(await rows.all('messages')).map(messageEntry),
  ]);
  await search.addAllAsync(all, { chunkSize: 50 });
  return { search, entries: new Map(all.map((entry) => [entry.key, entry])) };
}

const titleEntry = ({ id, title }: { id: string; title: string }): Entry => ({
  key: `conversation:${id}`,
  conversationId: id,
  messageId: undefined,
  text: title,
});

const messageEntry = ({ id, conversationId, text }: { id: string; conversationId: string; text: string }): Entry => ({
  key: `message:${id}`,
  conversationId,
  messageId: id,
  text,
});

async function refresh(
  { search, entries }: Index,
  database: Database,
  stale: Map<string, Pick<Change, 'kind' | 'id'>>,
) {
  const wanted = [...stale.values()];
  stale.clear();
  const now = await database.read(async (rows) => {
    const found: Entry[] = [];
    for (const { kind, id } of wanted) {
      const row = kind === 'message' ? await rows.get('messages', id) : await rows.get('conversations', id);
      if (row) found.push('title' in row ? titleEntry(row) : messageEntry(row));
    }
    return found;
  });
  const drop = (key: string) => {
    if (entries.delete(key)) search.discard(key);
  };
  for (const { kind, id } of wanted) drop(`${kind}:${id}`);
  for (const entry of now) {
    entries.set(entry.key, entry);
    search.add(entry);
  }
}

const excerptLength = 160;

/** The text around the first word that was looked for. @param terms as they are compared */
function hitOf({ conversationId, messageId, text }: Entry, terms: ReadonlySet<string>): SearchHit {
  const first = nextWord(text, terms)?.begin ?? 0;
  const begin = text.length <= excerptLength ? 0 : Math.max(0, text.lastIndexOf(' ', Math.max(0, first - 40)) + 1);
  const end = Math.min(text.length, begin + excerptLength);
  const part = text.slice(begin, end).replaceAll(/\s/g, ' ');
  const marks: [number, number][] = [];
  for (const word of wordsOf(part))
    if (terms.has(plainWord(word.text))) marks.push([word.begin, word.begin + word.text.length]);
  const before = begin > 0 ? '… ' : '';
  return {
    conversationId,
    messageId,
    excerpt: `${before}${part}${end < text.length ? ' …' : ''}`,
    marks: marks.map(([from, to]) => [from + before.length, to + before.length]),
  };
}

function nextWord(text: string, terms: ReadonlySet<string>) {
  for (const word of wordsOf(text)) if (terms.has(plainWord(word.text))) return word;
  return undefined;
}
