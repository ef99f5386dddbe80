/**
 * Steps about the life of a tab: workers that are killed, answers that a reload interrupts, tasks that are too long.
 */

/** @typedef {import('thimble').SendOptions} SendOptions */

/** Those that the page has started, in their order: the engine's are among them, compute threads are not. */
/** @type {Worker[]} */
const workers = [];
const Original = Worker;
globalThis.Worker = class extends Original {
  /** @param {ConstructorParameters<typeof Worker>} args */
  constructor(...args) {
    super(...args);
    workers.push(this);
  }
};

/** What outlives the page. @param {Uint8Array} bytes */
const keep = (bytes) =>
  sessionStorage.setItem('saved', Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
const kept = () => Uint8Array.from(sessionStorage.getItem('saved') ?? '', (letter) => letter.charCodeAt(0));

/** @param {number} ms */
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {{ model(): import('thimble').Model, openModel: typeof import('thimble').openModel, pickedFiles(names: string[]): Promise<File[]> }} page
 * @returns {Readonly<Record<string, (...args: any[]) => unknown>>}
 */
export function lifeSteps({ model, openModel, pickedFiles }) {
  /** @type {import('thimble').Chat} */
  let chat;
  /** @type {Promise<string> | undefined} */
  let ending;
  return {
    /** Asks, and says what came until the engine's worker was killed. */
    async killed(/** @type {string} */ question, /** @type {SendOptions} */ options, /** @type {number} */ nPieces) {
      chat = model().chat(options);
      let nSeen = 0;
      try {
        for await (const _ of chat.send(question)) if (++nSeen === nPieces) workers.at(-1)?.terminate();
        return 'it went on';
      } catch (error) {
        return String(error);
      }
    },
    /** Asks, and comes back after some pieces; `ending` tells how the answer ended. */
    async begun(/** @type {string} */ question, /** @type {SendOptions} */ options, /** @type {number} */ nPieces) {
      chat = model().chat(options);
      const answer = chat.send(question)[Symbol.asyncIterator]();
      for (let nSeen = 0; nSeen < nPieces; nSeen++) if ((await answer.next()).done) return 'it has ended';
      ending = (async () => {
        while (!(await answer.next()).done);
        return 'it went on';
      })().catch(String);
      return 'it goes on';
    },
    ending: () => ending,
    /** The answer that was lost, and another one. */
    async afterwards(/** @type {string} */ question, /** @type {SendOptions} */ options) {
      const { tokens } = await chat.resume();
      const other = await model().generate(question, options);
      await chat.close();
      return { tokens, other: other.tokens };
    },
    /** Asks, and leaves the answer where it is after some pieces. What was saved of it outlives the page. */
    async begin(/** @type {string} */ question, /** @type {SendOptions} */ options, /** @type {number} */ nPieces) {
      chat = model().chat({ ...options, onSave: keep });
      let nSeen = 0;
      for await (const _ of chat.send(question)) {
        if (++nSeen < nPieces) continue;
        keep(await chat.save());
        return kept().length;
      }
      return 'it has ended';
    },
    /** Goes on with it, in another page. */
    async continued(/** @type {SendOptions} */ options) {
      chat = model().chat(options);
      await chat.restore(kept());
      const { unfinished } = chat;
      const pieces = [];
      const answer = chat.resume();
      for await (const piece of answer) pieces.push(piece);
      const { tokens, text } = await answer;
      return { question: unfinished?.content, tokens, isWhole: pieces.join('') === text, said: chat.messages.length };
    },
    /** Starts an answer, and says how far it has come; its end comes later. */
    start(/** @type {string} */ question, /** @type {SendOptions} */ options) {
      chat = model().chat(options);
      void chat.send(question).then(({ tokens }) => Object.assign(globalThis, { answered: tokens }));
    },
    async answered() {
      while (!('answered' in globalThis)) await wait(50);
      return Reflect.get(globalThis, 'answered');
    },
    /** The longest time in which the page could do nothing else, in milliseconds, of each phase of a model's life. */
    async longest(/** @type {string[]} */ names, /** @type {number} */ nMessages) {
      const files = await pickedFiles(names);
      await wait(500);
      /** @type {Record<string, number>} */
      const longest = {};
      const during = async (/** @type {string} */ phase, /** @type {() => Promise<unknown>} */ work) => {
        const heart = heartbeat();
        await work();
        longest[phase] = Math.round(heart.stop());
      };
      let opened = model();
      await during('open', async () => (opened = await openModel(files, { nCtx: 1024, threads: 2, maxSessions: 2 })));
      const session = opened.openSession();
      const prompt = Array.from({ length: 600 }, (_, i) => ((i * 37) % 40_000) + 100);
      const options = { temperature: 0, maxTokens: 20, ignoreEos: true, onSave: () => undefined };
      await during('answer', async () => session.generate(prompt, options));
      let saved = new Uint8Array();
      await during('save', async () => (saved = await session.save()));
      await during('restore', () => session.restore(saved));
      const content = 'The quick brown fox jumps over the lazy dog. '.repeat(8);
      const messages = Array.from({ length: nMessages }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content }));
      const talk = opened.chat({ messages, onFull: 'shift' });
      const stop = new AbortController();
      await during('messages', async () => {
        const answer = talk.send('hi', { signal: stop.signal });
        await wait(1000);
        stop.abort();
        await answer;
      });
      const bytes = new Uint8Array(32 * 2 ** 20);
      await during('bytes', () => openModel(bytes).catch(() => undefined));
      const shard = await fetch(`/models/${names[0]}`);
      await during('stream', () => openModel(shard).catch(() => undefined)); // the other shard is missing
      await opened.close();
      return longest;
    },
  };
}

/** Beats as often as the page lets it. */
function heartbeat() {
  const { port1, port2 } = new MessageChannel();
  let longestMs = 0;
  let lastMs = performance.now();
  port1.onmessage = () => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    setTimeout(() => port2.postMessage(undefined), 5);
  };
  port2.postMessage(undefined);
  return {
    stop() {
      port1.close();
      return longestMs;
    },
  };
}
