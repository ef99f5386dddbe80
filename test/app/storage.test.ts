import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  children,
  leafBelow,
  newId,
  pathTo,
  siblings,
  type Change,
  type ChatStorage,
  type Conversation,
  type Message,
} from '../../apps/chat/src/storage/index.ts';
import type { Database } from '../../apps/chat/src/storage/database.ts';
import { memoryDatabase } from '../../apps/chat/src/storage/memory_database.ts';
import { storageOver } from '../../apps/chat/src/storage/storage.ts';

/** The rules of what is kept, over a tab's memory. test/app/pages.test.ts has IndexedDB, in browsers. */

let database: Database;
let storage: ChatStorage;
beforeEach(() => {
  database = memoryDatabase();
  storage = storageOver(database);
});
afterEach(() => storage.close());

const deepObject = (depth: number): object => {
  let value = {};
  for (let i = 0; i < depth; i++) value = { in: value };
  return value;
};

let clock = 1000;
const conversation = (id: string, more: Partial<Conversation> = {}): Conversation => ({
  id,
  title: `About ${id}`,
  titleFrom: 'words',
  createdAt: ++clock,
  updatedAt: clock,
  isPinned: false,
  ...more,
});
const message = (id: string, parentId: string | undefined, more: Partial<Message> = {}): Message => ({
  id,
  conversationId: 'c',
  parentId,
  role: parentId === undefined ? 'user' : 'assistant',
  text: `text of ${id}`,
  createdAt: ++clock,
  state: 'whole',
  ...more,
});

/** q1 ─ a1 ─ q2 ─ a2, and beside a1 its alternative b1. */
async function putTree() {
  await storage.putConversation(conversation('c'));
  const rows: [string, string | undefined][] = [
    ['q1', undefined],
    ['a1', 'q1'],
    ['q2', 'a1'],
    ['a2', 'q2'],
    ['b1', 'q1'],
  ];
  for (const [id, parentId] of rows) await storage.putMessage(message(id, parentId));
  return storage.messages('c');
}

const ids = (messages: readonly Message[]) => messages.map(({ id }) => id);

describe('branches', () => {
  it('are paths of the tree', async () => {
    const messages = await putTree();
    expect(ids(pathTo(messages, 'a2'))).toEqual(['q1', 'a1', 'q2', 'a2']);
    expect(ids(pathTo(messages, 'b1'))).toEqual(['q1', 'b1']);
    expect(
      ids(
        siblings(
          messages,
          messages.find(({ id }) => id === 'b1')!,
        ),
      ),
    ).toEqual(['a1', 'b1']);
    expect(ids(children(messages, undefined))).toEqual(['q1']);
    expect([leafBelow(messages, 'q1'), leafBelow(messages, 'a1')]).toEqual(['b1', 'a2']);
  });

  it('are empty where a message or the way back is missing, also in a circle', () => {
    expect(pathTo([message('x', 'y')], 'x')).toEqual([]);
    expect(pathTo([message('x', 'y'), message('y', 'x')], 'x')).toEqual([]);
    expect(pathTo([], undefined)).toEqual([]);
  });
});

describe('conversations', () => {
  it('are listed pinned ones first, then the latest', async () => {
    for (const id of ['a', 'b', 'c']) await storage.putConversation(conversation(id));
    await storage.changeConversation('a', { isPinned: true });
    await storage.putMessage(message('m', undefined, { conversationId: 'b' }));
    expect((await storage.conversations()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('follow their latest message, and lose what is deleted with all below it', async () => {
    await putTree();
    expect(await storage.conversation('c')).toMatchObject({ leafId: 'b1', updatedAt: clock });
    await storage.changeConversation('c', { leafId: 'a2' });
    await storage.deleteMessage('q2');
    expect(ids(await storage.messages('c'))).toEqual(['q1', 'a1', 'b1']);
    expect(await storage.conversation('c')).toMatchObject({ leafId: 'a1' });
    await storage.deleteMessage('q1');
    expect(await storage.messages('c')).toEqual([]);
    expect(await storage.conversation('c')).not.toHaveProperty('leafId');
  });

  it('take everything of theirs along when they are deleted', async () => {
    await putTree();
    await storage.putDocument({
      id: 'd',
      conversationId: 'c',
      name: 'd',
      kind: 'text',
      sizeBytes: 1,
      parts: [],
      createdAt: 1,
    });
    await storage.saveSession({ conversationId: 'c', key: 'k', leafId: 'a2', bytes: new Uint8Array(3) });
    await storage.deleteConversation('c');
    const left = await Promise.all([storage.messages('c'), storage.documents('c'), storage.savedSession('c')]);
    expect(left).toEqual([[], [], undefined]);
  });

  it('refuse what comes after they are gone, and leave no trace of it', async () => {
    await putTree();
    await storage.deleteConversation('c');
    const gone = expect.objectContaining({ name: 'StorageError', problem: 'gone' });
    await expect(storage.putMessage(message('late', undefined))).rejects.toEqual(gone);
    await expect(storage.changeConversation('c', { title: 'x' })).rejects.toEqual(gone);
    await expect(storage.answerWriter(message('late', undefined))).rejects.toEqual(gone);
    expect(await storage.messages('c')).toEqual([]);
  });
});

describe('an answer that grows', () => {
  const answer = () => storage.answerWriter(message('a', 'q', { text: '' }));
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await storage.putConversation(conversation('c'));
    await storage.putMessage(message('q', undefined));
  });
  afterEach(() => vi.useRealTimers());
  const stored = async () => (await storage.messages('c')).find(({ id }) => id === 'a');

  it('is stored now and then, and whole in the end', async () => {
    const writer = await answer();
    expect(await stored()).toMatchObject({ state: 'growing', text: '' });
    writer.write({ text: 'One' });
    writer.write({ text: 'One two', thinking: 'hm' });
    expect(await stored()).toMatchObject({ text: '' });
    await vi.advanceTimersByTimeAsync(300);
    expect(await stored()).toMatchObject({ state: 'growing', text: 'One two', thinking: 'hm' });
    writer.write({ text: 'One two three' });
    await writer.finish({ state: 'whole', text: 'One two three.' });
    expect(await stored()).toMatchObject({ state: 'whole', text: 'One two three.' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(await stored()).toMatchObject({ state: 'whole', text: 'One two three.' });
  });

  it('is interrupted where nobody writes it any more', async () => {
    const writer = await answer();
    writer.write({ text: 'One' });
    await vi.advanceTimersByTimeAsync(300);
    const afterACrash = storageOver(database);
    expect((await afterACrash.messages('c')).at(-1)).toMatchObject({ state: 'interrupted', text: 'One' });
    await writer.finish({ state: 'stopped' });
    expect((await afterACrash.messages('c')).at(-1)).toMatchObject({ state: 'stopped', text: 'One' });
    afterACrash.close();
  });

  it('does not come back when it was deleted meanwhile, and says so', async () => {
    const writer = await answer();
    await storage.deleteMessage('q');
    writer.write({ text: 'One' });
    await expect(writer.finish({ state: 'whole' })).rejects.toMatchObject({ problem: 'gone' });
    expect(await storage.messages('c')).toEqual([]);
  });
});

describe('the search', () => {
  const found = async (query: string) =>
    (await storage.search(query)).map((hit) => hit.messageId ?? hit.conversationId);

  it('finds words and beginnings of words, in titles and messages, without case and accents', async () => {
    await storage.putConversation(conversation('c', { title: 'Café in Zürich' }));
    await storage.putMessage(message('m', undefined, { text: 'The Quick brown fox' }));
    expect(await found('cafe zurich')).toEqual(['c']);
    expect(await found('quic FOX')).toEqual(['m']);
    expect(await found('quick bear')).toEqual([]);
    expect(await found('')).toEqual([]);
  });

  it('finds words of scripts that do not part them', async () => {
    await storage.putConversation(conversation('c'));
    await storage.putMessage(message('m', undefined, { text: '我今天在北京学习中文' }));
    expect(await found('北京')).toEqual(['m']);
  });

  it('follows what changes', async () => {
    await storage.putConversation(conversation('c', { title: 'Nothing' }));
    expect(await found('planets')).toEqual([]);
    await storage.putMessage(message('m', undefined, { text: 'all planets' }));
    await storage.changeConversation('c', { title: 'Planets' });
    expect(await found('planets')).toEqual(['c', 'm']);
    await storage.putMessage(message('m', undefined, { text: 'all moons' }));
    expect(await found('planets')).toEqual(['c']);
    await storage.deleteConversation('c');
    expect(await found('planets moons')).toEqual([]);
  });

  it('shows the words in what is around them', async () => {
    await storage.putConversation(conversation('c'));
    await storage.putMessage(
      message('m', undefined, {
        text: `${'so many words '.repeat(50)}the needle\nlies here ${'and more '.repeat(50)}`,
      }),
    );
    const [hit] = await storage.search('needle');
    expect(hit!.excerpt).toMatch(/^… .*the needle lies here.* …$/);
    expect(hit!.excerpt.length).toBeLessThan(180);
    expect(hit!.marks.map(([begin, end]) => hit!.excerpt.slice(begin, end))).toEqual(['needle']);
  });
});

describe('saved sessions', () => {
  const save = (conversationId: string, nBytes: number) =>
    storage.saveSession({ conversationId, key: 'k', leafId: 'm', bytes: new Uint8Array(nBytes) });

  it('keep within their room: the oldest go', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    for (const [i, id] of ['a', 'b', 'c'].entries()) {
      await storage.putConversation(conversation(id));
      vi.setSystemTime(1e6 + i);
      await save(id, 30 * 2 ** 20);
    }
    vi.useRealTimers();
    const kept = await Promise.all(['a', 'b', 'c'].map((id) => storage.savedSession(id)));
    expect(kept.map((session) => session?.bytes.length)).toEqual([undefined, 30 * 2 ** 20, 30 * 2 ** 20]);
  });

  it('are not kept for nobody', async () => {
    await save('nobody', 10);
    expect(await storage.savedSession('nobody')).toBeUndefined();
  });
});

describe('changes', () => {
  it('are told in every tab, each with where it was made', async () => {
    const other = storageOver(memoryDatabase());
    const [here, there]: [Change[], Change[]] = [[], []];
    storage.onChange((change) => here.push(change));
    const elsewhere = new Promise<void>((resolve) =>
      other.onChange((change) => {
        there.push(change);
        resolve();
      }),
    );
    await storage.putSetting('theme', 'dark');
    await elsewhere;
    expect(here).toEqual([{ kind: 'setting', id: 'theme', isRemoved: false, isElsewhere: false }]);
    expect(there).toEqual([{ kind: 'setting', id: 'theme', isRemoved: false, isElsewhere: true }]);
    other.close();
  });
});

describe('exports', () => {
  async function exported() {
    await putTree();
    await storage.putPersona({ id: 'p', name: 'Pirate', prompt: 'Arr', updatedAt: 5 });
    await storage.putDocument({
      ...{ id: 'd', conversationId: 'c', name: 'd.txt', kind: 'text', sizeBytes: 4, createdAt: 1 },
      parts: [{ place: '', text: 'text' }],
    });
    return (await storage.exportJson()).text();
  }
  const into = storageOver;
  const importing = (json: string) => storage.importJson(new Blob([json]));

  it('come back whole elsewhere, and change nothing the second time', async () => {
    const json = await exported();
    const other = into(memoryDatabase());
    expect(await other.importJson(new Blob([json]))).toEqual({
      nConversations: 1,
      nHere: 0,
      nMessages: 5,
      nPersonas: 1,
      nKept: 0,
    });
    expect(await other.conversations()).toEqual(await storage.conversations());
    expect(await other.messages('c')).toEqual(await storage.messages('c'));
    expect(await other.documents('c')).toEqual(await storage.documents('c'));
    expect(await other.personas()).toEqual(await storage.personas());
    expect(await other.importJson(new Blob([json]))).toEqual({
      nConversations: 0,
      nHere: 1,
      nMessages: 0,
      nPersonas: 0,
      nKept: 6,
    });
    other.close();
  });

  it('of some conversations hold these alone', async () => {
    await exported();
    await storage.putConversation(conversation('other'));
    const { conversations, personas } = JSON.parse(await (await storage.exportJson(['other'])).text());
    expect([conversations.length, conversations[0].id, personas]).toEqual([1, 'other', []]);
  });

  it('take nothing away: what is here and later stays', async () => {
    const json = await exported();
    await storage.changeConversation('c', { title: 'Later', updatedAt: clock + 10 });
    await importing(json);
    expect(await storage.conversation('c')).toMatchObject({ title: 'Later' });
  });

  it('drop fields that nobody knows, and end answers that were growing', async () => {
    const file = JSON.parse(await exported());
    Object.assign(file.conversations[0].messages[0], { state: 'growing', surprise: 1 });
    const other = into(memoryDatabase());
    await other.importJson(new Blob([JSON.stringify(file)]));
    const [first] = await other.messages('c');
    expect(first).toMatchObject({ state: 'stopped' });
    expect(first).not.toHaveProperty('surprise');
    other.close();
  });

  it.each([
    ['{"format": "thimble conv', /no JSON, or was cut off/],
    ['[]', /no export of thimble: its "format" is missing/],
    ['{"format":"other"}', /its "format" is "other", expected "thimble conversations"/],
    [
      '{"format":"thimble conversations","version":2}',
      /A newer thimble made this file \(version 2; this one reads 1\)/,
    ],
    ['{"format":"thimble conversations","version":1}', /conversations is missing, expected a list/],
  ])('say what is wrong with the file: %s', async (json, message) => {
    await expect(importing(json)).rejects.toThrow(message);
  });

  it.each<[string, (c: Record<string, any>) => void, RegExp]>([
    [
      'a role',
      (c) => (c['messages'][1].role = 'x'),
      /conversations\[0\]\.messages\[1\]\.role is "x", expected one of user, assistant/,
    ],
    ['a text', (c) => (c['messages'][0].text = 5), /messages\[0\]\.text is 5, expected a text/],
    ['a parent', (c) => (c['messages'][1].parentId = 'z'), /messages\[1\] follows a message that is not there: z/],
    ['a circle', (c) => (c['messages'][0].parentId = 'a1'), /follows itself/],
    ['an id twice', (c) => (c['messages'][1].id = 'q1'), /have one id twice/],
    ['a leaf', (c) => (c['leafId'] = 'z'), /leafId is a message that is not there/],
    [
      'another conversation',
      (c) => (c['messages'][0].conversationId = 'z'),
      /messages\[0\] is of another conversation/,
    ],
    ['a number', (c) => (c['updatedAt'] = '5'), /updatedAt is "5", expected a number/],
    ['a time', (c) => (c['updatedAt'] = 1e300), /updatedAt is 1e\+300, expected a time/],
    ['settings', (c) => (c['settings'] = deepObject(2000)), /settings is an object, expected one that is less deep/],
  ])('name the place of %s that is wrong, and take nothing', async (_, spoil, message) => {
    const file = JSON.parse(await exported());
    spoil(file.conversations[0]);
    await storage.deleteEverything();
    await expect(importing(JSON.stringify(file))).rejects.toThrow(
      expect.objectContaining({ name: 'ImportError', message: expect.stringMatching(message) }),
    );
    expect([await storage.conversations(), await storage.personas()]).toEqual([[], []]);
  });

  it('cannot take over a message of another conversation', async () => {
    const json = (await exported()).replaceAll('"c"', '"stranger"');
    await expect(importing(json)).rejects.toThrow(/belongs to another conversation/);
    expect(await storage.messages('stranger')).toEqual([]);
    expect(await storage.conversation('stranger')).toBeUndefined();
  });
});

it('gives ids that nothing else has', () => {
  expect(new Set(Array.from({ length: 1000 }, newId)).size).toBe(1000);
});
