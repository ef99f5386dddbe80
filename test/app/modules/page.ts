/** The page's side of modules.test.ts: asks for a step, runs it, sends back what came out, as test/browser/page.mjs does. */
import { readDocument } from '../../../apps/chat/src/documents/index.ts';
import { createMarkdownView } from '../../../apps/chat/src/markdown/index.ts';
import { keptDatabase } from '../../../apps/chat/src/storage/kept_database.ts';
import { newId, openStorage, type Message } from '../../../apps/chat/src/storage/index.ts';
import { storageOver } from '../../../apps/chat/src/storage/storage.ts';

const container = document.getElementById('text')!;

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Until something is so: what loads on demand takes its time. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !isSo(); i++) await later(50);
  if (!isSo()) throw new Error(`it did not come: ${container.innerHTML.slice(0, 500)}`);
}

const conversation = { id: 'c', title: 'T', titleFrom: 'words', createdAt: 1, updatedAt: 1, isPinned: false } as const;
const message = (id: string): Message => ({
  ...{
    id,
    conversationId: 'c',
    parentId: undefined,
    role: 'user',
    text: `text of ${id}`,
    createdAt: 1,
    state: 'whole',
  },
});

const violations: string[] = [];
document.addEventListener('securitypolicyviolation', (event) =>
  violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
);

const steps: Readonly<Record<string, (...args: never[]) => unknown>> = {
  /** Shows a text, as it grows or at once, and waits until all that it takes has come. */
  async show(text: string, nPieces: number, wanted: string[]) {
    const view = createMarkdownView(container);
    for (let i = 1; i < nPieces; i++) {
      view.update(text.slice(0, (text.length * i) / nPieces));
      await later(20);
    }
    view.update(text, { isWhole: true });
    await until(() => wanted.every((selector) => container.querySelector(selector) !== null));
    const html = container.innerHTML;
    view.destroy();
    return { html, isEmpty: container.innerHTML === '', violations };
  },
  /** Whether elements stay what they are while the text behind them grows. */
  async steady() {
    const view = createMarkdownView(container);
    const show = async (text: string) => {
      view.update(text);
      await later(60);
    };
    await show('One **two**\n\n```js\nconst a');
    const [paragraph, figure] = container.children;
    await show('One **two**\n\n```js\nconst a = 1;\n```\n\nMore');
    await show('One **two**\n\n```js\nconst a = 1;\n```\n\nMore and more\n\nEnd');
    const isSteady = container.children[0] === paragraph && container.children[1] === figure;
    const texts = [...container.children].map(({ textContent }) => textContent);
    view.destroy();
    return { isSteady, texts };
  },
  async copy() {
    let copied = '';
    const view = createMarkdownView(container, { copy: async (text) => void (copied = text) });
    view.update('```py\na = "<b>"\n```', { isWhole: true });
    container.querySelector<HTMLElement>('.md-code-copy')!.click();
    await later(0);
    const said = container.querySelector('.md-code-copy')!.textContent;
    view.destroy();
    return { copied, said };
  },
  /** Milliseconds that each update of a long answer takes. */
  async long(begin: string, unit: string, nUnits: number) {
    const view = createMarkdownView(container);
    const takenMs: number[] = [];
    const frame = requestAnimationFrame.bind(globalThis);
    globalThis.requestAnimationFrame = (show) =>
      frame((timeMs) => {
        const startMs = performance.now();
        show(timeMs);
        takenMs.push(performance.now() - startMs);
      });
    let text = begin;
    for (let i = 0; i < nUnits; i++) {
      text += unit;
      if (i % Math.ceil(nUnits / 60) > 0) continue;
      const nBefore = takenMs.length;
      view.update(text);
      while (takenMs.length === nBefore) await later(1);
    }
    globalThis.requestAnimationFrame = frame;
    view.update(text, { isWhole: true });
    const nWords = container.textContent!.split(/\s+/).length;
    view.destroy();
    return { nWords, takenMs };
  },
  async storage() {
    const storage = await openStorage();
    await storage.deleteEverything();
    await storage.putConversation(conversation);
    await storage.putMessage(message('m'));
    await storage.saveSession({ conversationId: 'c', key: 'k', leafId: 'm', bytes: Uint8Array.of(1, 2, 3) });
    const writer = await storage.answerWriter({ ...message('a'), parentId: 'm', role: 'assistant', createdAt: 2 });
    writer.write({ text: 'half' });
    await later(500);
    const meanwhile = (await storage.messages('c')).map(({ state, text }) => `${state}: ${text}`);
    const elsewhere = storageOver(await keptDatabase());
    const heard: string[] = [];
    elsewhere.onChange(({ kind, id, isElsewhere }) => heard.push(`${kind} ${id} ${isElsewhere}`));
    await writer.finish({ state: 'whole', text: 'whole' });
    const { bytes } = (await elsewhere.savedSession('c'))!;
    const found = await elsewhere.search('whole');
    const exported = JSON.parse(await (await elsewhere.exportJson()).text());
    await later(200);
    storage.close();
    elsewhere.close();
    return { isKept: storage.isKept, meanwhile, heard, bytes: [...bytes], found: found.length, exported, id: newId() };
  },
  /** An answer that nobody finishes. */
  async begin() {
    const storage = await openStorage();
    await storage.deleteEverything();
    await storage.putConversation(conversation);
    await storage.putMessage(message('m'));
    const writer = await storage.answerWriter({ ...message('a'), parentId: 'm', role: 'assistant', createdAt: 2 });
    writer.write({ text: 'as far as it came' });
    await later(500);
    return (await storage.messages('c')).map(({ state, text }) => `${state}: ${text}`);
  },
  /** The dying page may hold its lock for a moment: when it is free, that is told. */
  async messages() {
    const storage = await openStorage();
    const told = new Promise<void>((resolve) => storage.onChange(() => resolve()));
    if ((await storage.messages('c')).some(({ state }) => state === 'growing')) await told;
    return (await storage.messages('c')).map(({ state, text }) => `${state}: ${text}`);
  },
  async fill(nBytes: number) {
    const storage = await openStorage();
    await storage.putConversation(conversation);
    const document = { id: 'd', conversationId: 'c', name: 'd', kind: 'text', sizeBytes: 1, createdAt: 1 } as const;
    await storage.putDocument({ ...document, parts: [{ place: '', text: 'x'.repeat(nBytes) }] });
  },
  /** Where the database is of a newer version. */
  async newer() {
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.open('newer', 99);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
    await keptDatabase('newer');
  },
  async read(name: string, bytes: number[]) {
    const progress: string[] = [];
    const onProgress = (nDone: number, nTotal: number) => progress.push(`${nDone}/${nTotal}`);
    const { kind, parts } = await readDocument(new File([Uint8Array.from(bytes)], name), { onProgress });
    return { kind, parts, progress, violations };
  },
  reload: () => void setTimeout(() => location.reload()),
};

let done: string | undefined;
for (;;) {
  const response = await fetch('/next', { method: 'POST', body: done ?? '' });
  const { step, args } = (await response.json()) as { step: string; args: never[] };
  try {
    done = JSON.stringify({ result: (await steps[step]!(...args)) ?? null });
  } catch (error) {
    const { name, message: text, problem } = error as Error & { problem?: string };
    done = JSON.stringify({ error: { name, message: problem ? `${problem}: ${text}` : text } });
  }
}
