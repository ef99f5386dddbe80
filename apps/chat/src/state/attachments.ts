/** Documents: attached to the next question, kept with the conversation, searched for every question after that. */
import { effect, signal } from '@preact/signals';
import { isAbort } from '../app/troubles.ts';
import { countTokens, engine } from '../models/engine.ts';
import { newId } from '../storage/index.ts';
import type { Message, SourcePlace, StoredDocument } from '../storage/index.ts';
import type { PassageSearch, ReadText } from '../documents/index.ts';
import { current, withStorage } from './conversations.ts';

/** What file pickers should offer. */
export const documentTypes =
  '.txt,.text,.md,.markdown,.pdf,.csv,.tsv,.json,.log,.xml,.html,.yaml,.yml,text/*,application/pdf';

/** A file that is being read, or was. */
export interface Attached {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly state: 'reading' | 'ready' | 'failed';
  /** 0 to 1, of a PDF's pages. */
  readonly part: number;
  readonly why?: string;
  readonly text?: ReadText;
}

/** What goes with the next question. */
export const attached = signal<readonly Attached[]>([]);

/** Documents of the conversation that is shown. */
export const documents = signal<readonly StoredDocument[]>([]);

const readers = new Map<string, AbortController>();

/** Follows the conversation that is shown. */
export function begin(): void {
  let shownId: string | undefined;
  effect(() => {
    const id = current.value?.id;
    if (id === shownId) return;
    shownId = id;
    documents.value = [];
    if (id === undefined) return;
    void withStorage((storage) => storage.documents(id)).then((found) => {
      if (found && current.peek()?.id === id) documents.value = found;
    });
  });
}

export function attach(files: readonly File[]): void {
  for (const file of files) void read(file);
}

async function read(file: File): Promise<void> {
  const { name, size: sizeBytes } = file;
  const id = newId();
  const controller = new AbortController();
  readers.set(id, controller);
  attached.value = [...attached.value, { id, name, sizeBytes, state: 'reading', part: 0 }];
  try {
    const { readDocument } = await import('../documents/index.ts');
    const onProgress = (nDone: number, nTotal: number) => change(id, { part: nDone / nTotal });
    const text = await readDocument(file, { signal: controller.signal, onProgress });
    change(id, { state: 'ready', text });
  } catch (error) {
    if (!isAbort(error)) change(id, { state: 'failed', why: (error as Error).message });
  } finally {
    readers.delete(id);
  }
}

function change(id: string, changes: Partial<Attached>): void {
  attached.value = attached.value.map((file) => (file.id === id ? { ...file, ...changes } : file));
}

export function detach(id: string): void {
  readers.get(id)?.abort();
  attached.value = attached.value.filter((file) => file.id !== id);
}

/** Stores what was attached with the conversation. @returns the documents' ids */
export async function keepAttached(conversationId: string): Promise<readonly string[]> {
  const ready = attached.value.filter(({ state }) => state === 'ready');
  attached.value = [];
  const kept = ready.map(({ id, text }): StoredDocument => ({ ...text!, id, conversationId, createdAt: Date.now() }));
  documents.value = [...documents.value, ...kept];
  await withStorage(async (storage) => {
    for (const document of kept) await storage.putDocument(document);
  });
  return kept.map(({ id }) => id);
}

/** Names of documents that went with a message. */
export const documentNames = (ids: readonly string[]): readonly string[] =>
  documents.value.filter(({ id }) => ids.includes(id)).map(({ name }) => name);

let search: PassageSearch | undefined;

/** What of the documents on the path helps with the question at its end. They may take two fifths of the context. */
export async function passagesFor(path: readonly Message[], signal: AbortSignal): Promise<readonly SourcePlace[]> {
  if (engine.value.type !== 'ready') return [];
  const ids = new Set(path.flatMap(({ documentIds = [] }) => documentIds));
  const all = await withStorage((storage) => storage.documents(path[0]!.conversationId));
  const searched = (all ?? []).filter(({ id }) => ids.has(id));
  const { createPassageSearch } = await import('../documents/index.ts');
  search ??= createPassageSearch();
  const maxTokens = Math.floor(0.4 * engine.value.info.nCtx);
  return search.choose(path.at(-1)!.text, searched, { maxTokens, countTokens, signal });
}
