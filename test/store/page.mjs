/**
 * The page's side of the store's tests: `steps` can be called by a driver (Chromium), or asked for by the test's server, as in
 * test/browser/page.mjs.
 */

/** @type {typeof import('thimble')} */
const { modelStore, openModel } = await import(new URL('../../dist/web/index.js', import.meta.url).href);

const store = await modelStore();

/** @type {Map<string, import('thimble').Download>} */
const downloads = new Map();

/** @type {import('thimble').Model | undefined} */
let model;

/** @type {number[]} */
const longTasks = [];

/** @param {unknown} error */
const plain = (error) => ({ failed: /** @type {Error} */ (error).name, message: /** @type {Error} */ (error).message });

const steps = {
  /** Starts a download, and goes on. */
  start(/** @type {string} */ id, /** @type {any} */ source, /** @type {any} */ options = {}) {
    /** @type {unknown[]} */
    const told = [];
    const download = store.download(source, { ...options, onProgress: (progress) => told.push(progress) });
    downloads.set(id, Object.assign(download, { told }));
  },
  /** What became of it. */
  ended: (/** @type {string} */ id) => downloads.get(id)?.result.catch(plain),
  told: (/** @type {string} */ id) => /** @type {any} */ (downloads.get(id)).told,
  progress: (/** @type {string} */ id) => downloads.get(id)?.progress,
  pause: (/** @type {string} */ id) => downloads.get(id)?.pause(),
  resume: (/** @type {string} */ id) => downloads.get(id)?.resume(),
  cancel: (/** @type {string} */ id) => downloads.get(id)?.cancel(),
  download(/** @type {any} */ source, /** @type {any} */ options = {}) {
    steps.start('one', source, options);
    return steps.ended('one');
  },
  list: () => store.list(),
  /** Pauses or cancels before the download's thread is there. */
  atOnce(
    /** @type {string} */ id,
    /** @type {'pause' | 'cancel'} */ what,
    /** @type {any} */ source,
    /** @type {any} */ options,
  ) {
    steps.start(id, source, options);
    void downloads.get(id)?.[what]();
  },
  /** Removes the bytes of all models, as a browser's tools do, and leaves the records. */
  async loseBytes() {
    const folder = await navigator.storage?.getDirectory().catch(() => undefined);
    await folder?.removeEntry('thimble', { recursive: true }).catch(() => undefined);
    await new Promise((resolve, reject) => {
      const opening = indexedDB.open('thimble');
      opening.onerror = reject;
      opening.onsuccess = () => {
        const change = opening.result.transaction('pieces', 'readwrite');
        change.objectStore('pieces').clear();
        change.oncomplete = resolve;
        opening.result.close();
      };
    });
  },
  /** The SHA-256 of what was exported. */
  async exported(/** @type {string} */ name) {
    const [file] = await store.export(name);
    const digest = await crypto.subtle.digest('SHA-256', await /** @type {File} */ (file).arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  },
  /** Begins to look for tasks that keep the page waiting. */
  watch() {
    longTasks.length = 0;
    new PerformanceObserver((seen) => longTasks.push(...seen.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    });
  },
  watched: () => longTasks,
  usage: () => store.usage(),
  delete: (/** @type {string} */ name) => store.delete(name).then(() => 'deleted', plain),
  /** Imports a file of the server, as a picker would hand it over. */
  async import(/** @type {string} */ address, /** @type {string} */ name) {
    const blob = await (await fetch(address)).blob();
    return store.import(new File([blob], name)).catch(plain);
  },
  async open(/** @type {any} */ source, /** @type {any} */ options = {}) {
    model = await openModel(source, options);
    return model.info;
  },
  async generate(/** @type {string} */ prompt) {
    return (
      await /** @type {import('thimble').Model} */ (model).generate(prompt, { temperature: 0, maxTokens: 16 }).result
    ).tokens;
  },
  /** The same model twice at a time, as two tabs have it. */
  async openTwice(/** @type {any} */ source, /** @type {any} */ options = {}) {
    const both = await Promise.all([openModel(source, options), openModel(source, options)]);
    const answers = [];
    for (const each of both)
      answers.push((await each.generate('Once upon a time', { temperature: 0, maxTokens: 4 }).result).tokens);
    for (const each of both) await each.close();
    return answers;
  },
  async close() {
    await model?.close();
    model = undefined;
  },
};

Object.assign(globalThis, { steps });

/** Asks for a step, runs it, and says what came of it with the next question. */
for (let outcome = ''; !location.search.includes('driven');) {
  const response = await fetch('/next', { method: 'POST', body: outcome });
  const { step, args } = await response.json();
  try {
    outcome = JSON.stringify({ result: await /** @type {any} */ (steps)[step](...args) });
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    outcome = JSON.stringify({ error: { name, message } });
  }
}
