/** The conversations on this device, and the one that is shown. */
import { batch, computed, effect, signal } from '@preact/signals';
import { plural } from '../app/format.ts';
import { troubleOf } from '../app/troubles.ts';
import { leafBelow, newId, openStorage, pathTo } from '../storage/index.ts';
import type { ChatStorage, Conversation, Message, SearchHit } from '../storage/index.ts';
import { notify } from './notices.ts';
import { goTo, replaceBy, routeId } from './route.ts';
import { persona } from './settings.ts';
import type { Trouble } from './types.ts';

export const list = signal<readonly Conversation[]>([]);
export const isListed = signal(false);
export const current = signal<Conversation | null>(null);
export const messages = signal<readonly Message[]>([]);
export const isLoading = signal(false);

/** Why nothing can be kept; undefined where all is well. */
export const storageTrouble = signal<Trouble | undefined>(undefined);
/** False where conversations last as long as the tab. */
export const isKept = signal(true);

/** Deleted, but not for good yet: there is an Undo on the screen. */
const leaving = signal<ReadonlySet<string>>(new Set());

export const shown = computed(() => list.value.filter(({ id }) => !leaving.value.has(id)));

/** The messages on the screen, the first one first. */
export const branch = computed(() => pathTo(messages.value, current.value?.leafId));

let opened: Promise<ChatStorage> | undefined;

export const storage = (): Promise<ChatStorage> => (opened ??= openStorage());

/** Runs a piece of work on the storage; where that fails the reader is told, and the app goes on with what it has in memory. */
export async function withStorage<T>(work: (storage: ChatStorage) => Promise<T>): Promise<T | undefined> {
  try {
    return await work(await storage());
  } catch (error) {
    const trouble = troubleOf(error);
    storageTrouble.value = trouble;
    notify(`${trouble.title}. ${trouble.text}`);
    return undefined;
  }
}

/** Reads the list, follows the address, and hears of what other tabs do. */
export async function begin(): Promise<void> {
  await withStorage(async (storage) => {
    isKept.value = storage.isKept;
    storage.onChange(({ kind, id, conversationId = id, isElsewhere, isRemoved }) => {
      if (kind === 'conversation' || kind === 'everything') void refresh();
      if (!isElsewhere || current.value?.id !== conversationId) return;
      if (isRemoved && kind === 'conversation') startNew();
      else void loadAgain(conversationId);
    });
  });
  await refresh();
  effect(() => {
    const id = routeId.value;
    if (id !== (current.peek()?.id ?? null)) void load(id);
  });
}

async function refresh(): Promise<void> {
  await withStorage(async (storage) => (list.value = await storage.conversations()));
  isListed.value = true;
  const fresh = list.value.find(({ id }) => id === current.peek()?.id);
  if (fresh && current.peek()) current.value = { ...current.peek()!, title: fresh.title, titleFrom: fresh.titleFrom };
}

/** Shows a conversation; null: an empty one. */
async function load(id: string | null): Promise<void> {
  if (id === null) return show(null, []);
  isLoading.value = true;
  const found = await stored(id);
  isLoading.value = false;
  if (routeId.peek() !== id) return; // the reader went on meanwhile
  if (found) return show(found.conversation, found.messages);
  notify('This chat is not on this device.');
  replaceBy('chat');
}

/** Shows what another tab changed. The reader stays on the branch that is shown, unless it goes on. */
async function loadAgain(id: string): Promise<void> {
  const found = await stored(id);
  const shown = current.peek();
  if (!found || shown?.id !== id) return;
  const { conversation, messages } = found;
  const goesOn = pathTo(messages, conversation.leafId).some((message) => message.id === shown.leafId);
  const stays = !goesOn && messages.some((message) => message.id === shown.leafId);
  show(stays ? { ...conversation, leafId: shown.leafId! } : conversation, messages);
}

const stored = (id: string) =>
  withStorage(async (storage) => {
    const conversation = await storage.conversation(id);
    return conversation && { conversation, messages: await storage.messages(id) };
  });

function show(conversation: Conversation | null, all: readonly Message[]): void {
  batch(() => {
    current.value = conversation;
    messages.value = all;
  });
}

export function startNew(): void {
  show(null, []);
  goTo('chat');
}

/** The conversation that is shown; one is made for the first words of a new one. */
export async function ensure(firstWords: string): Promise<Conversation> {
  if (current.value) return current.value;
  const now = Date.now();
  const conversation: Conversation = {
    id: newId(),
    title: titleFrom(firstWords),
    titleFrom: 'words',
    createdAt: now,
    updatedAt: now,
    isPinned: false,
    personaId: persona.value,
  };
  show(conversation, []);
  replaceBy('chat', conversation.id);
  await withStorage((storage) => storage.putConversation(conversation));
  return conversation;
}

export function titleFrom(text: string): string {
  const line = text.trim().split('\n')[0]!.replace(/\s+/g, ' ');
  return line.length <= 48 ? line : `${line.slice(0, 47).trimEnd()}…`;
}

/** Adds a message to the end of what is shown, or replaces it. */
export async function put(message: Message): Promise<void> {
  place(message);
  await withStorage((storage) => storage.putMessage(message));
}

/** The same without storing; of another conversation than the one that is shown there is nothing to do. */
export function place(message: Message): void {
  if (current.value?.id !== message.conversationId) return;
  const isNew = !messages.value.some(({ id }) => id === message.id);
  batch(() => {
    messages.value = isNew
      ? [...messages.value, message]
      : messages.value.map((old) => (old.id === message.id ? message : old));
    if (isNew) current.value = { ...current.value!, leafId: message.id, updatedAt: Date.now() };
  });
}

/** Shows the branch that goes through a message. */
export async function turnTo(message: Message): Promise<void> {
  const conversation = current.value;
  if (!conversation) return;
  const leafId = leafBelow(messages.value, message.id);
  current.value = { ...conversation, leafId };
  await withStorage((storage) => storage.changeConversation(conversation.id, { leafId }));
}

/** Deletes a message with all that follows it; the branch before it is shown. */
export async function removeMessage(message: Message): Promise<void> {
  const conversation = current.value;
  if (!conversation) return;
  await withStorage((storage) => storage.deleteMessage(message.id));
  if (current.value?.id !== conversation.id) return; // the reader went on meanwhile
  const gone = new Set([message.id]);
  for (const { id, parentId } of messages.value) if (parentId !== undefined && gone.has(parentId)) gone.add(id);
  const left = messages.value.filter(({ id }) => !gone.has(id));
  const sibling = left.findLast(({ parentId }) => parentId === message.parentId);
  const leafId = sibling ? leafBelow(left, sibling.id) : message.parentId;
  const { leafId: _, ...rest } = conversation;
  show(leafId === undefined ? rest : { ...rest, leafId }, left);
  if (leafId !== undefined) await withStorage((storage) => storage.changeConversation(conversation.id, { leafId }));
}

export async function change(id: string, changes: Partial<Omit<Conversation, 'id'>>): Promise<void> {
  if (current.value?.id === id) current.value = { ...current.value, ...changes };
  await withStorage((storage) => storage.changeConversation(id, changes));
  await refresh();
}

export const rename = (id: string, title: string): Promise<void> => change(id, { title, titleFrom: 'user' });

/** Deletes after a while, so that it can be undone; at once when the page goes away. */
export function remove(conversation: Conversation): void {
  const { id, title } = conversation;
  leaving.value = new Set([...leaving.value, id]);
  if (current.value?.id === id) startNew();
  const timer = setTimeout(() => void forGood(), 8000);
  const forGood = async () => {
    removeEventListener('pagehide', forGood);
    if (!leaving.value.has(id)) return;
    await withStorage((storage) => storage.deleteConversation(id));
    await refresh();
    stay(id);
  };
  addEventListener('pagehide', forGood, { once: true });
  const undo = () => {
    clearTimeout(timer);
    removeEventListener('pagehide', forGood);
    stay(id);
  };
  notify(`Deleted “${title}”`, { label: 'Undo', run: undo });
}

const stay = (id: string): void => void (leaving.value = new Set([...leaving.value].filter((other) => other !== id)));

export const search = async (query: string): Promise<readonly SearchHit[]> =>
  (await withStorage((storage) => storage.search(query, { most: 50 }))) ?? [];

/** Saves conversations as a file: all of them, or one. */
export async function exportJson(conversation?: Conversation): Promise<void> {
  const blob = await withStorage((storage) => storage.exportJson(conversation && [conversation.id]));
  if (!blob) return;
  const name = conversation ? conversation.title.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 40) : 'chats';
  saveFile(blob, `thimble-${name}-${new Date().toISOString().slice(0, 10)}.json`);
}

function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export async function importJson(file: File): Promise<void> {
  try {
    const { nConversations, nHere } = await (await storage()).importJson(file);
    const here = nHere === 0 ? '' : `, ${nHere} ${nHere === 1 ? 'was' : 'were'} here already`;
    notify(`${plural(nConversations, 'chat')} imported${here}.`);
    await refresh();
  } catch (error) {
    notify(`${file.name} was not imported. ${troubleOf(error).text}`);
  }
}

export async function deleteEverything(): Promise<void> {
  const isDone = await withStorage(async (storage) => {
    await storage.deleteEverything();
    return true;
  });
  if (!isDone) return;
  startNew();
  await refresh();
  notify('All chats, personas and documents are deleted.');
}
