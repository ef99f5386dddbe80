/**
 * A user's hands and eyes, in the page itself: Chromium's tests put them there, in other browsers drive.mjs has them. They
 * go by roles, names and what is visible, not by how the app is made.
 */

const patienceMs = 55_000;

/** @param {number} ms */
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * What a condition finds, once it finds something.
 * @template Found
 * @param {Document} document
 * @param {string} what
 * @param {() => Found | Promise<Found>} find
 * @returns {Promise<NonNullable<Found>>}
 */
async function until(document, what, find) {
  const end = Date.now() + patienceMs;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > end) throw new Error(`no ${what} on the page: ${document.body.innerText.slice(0, 600)}`);
    await later(40);
  }
}

/** @param {Element} element */
const nameOf = (element) => (element.getAttribute('aria-label') ?? element.textContent ?? '').trim();

/** @param {Element} element */
const isVisible = (element) => element.getClientRects().length > 0;

/**
 * @param {Document} document
 * @param {RegExp} name
 */
const button = (document, name) =>
  [...document.querySelectorAll('button, a, [role=menuitem]')].find(
    (element) => name.test(nameOf(element)) && isVisible(element),
  );

/** All rows of a table of the app's database. @param {Document} document @param {string} table @returns {Promise<any[]>} */
function rows(document, table) {
  const { indexedDB } = /** @type {Window} */ (document.defaultView);
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('thimble-chat');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const reading = database.transaction(table).objectStore(table).getAll();
      reading.onsuccess = () => {
        database.close();
        resolve(reading.result);
      };
    };
  });
}

/** @param {Document} document */
const answers = async (document) =>
  (await rows(document, 'messages'))
    .filter(({ role }) => role === 'assistant')
    .sort((a, b) => a.createdAt - b.createdAt)
    .map(({ text, state, error }) => ({ text, state, ...(error ? { error } : {}) }));

/** @param {Document} document @param {string} text */
async function write(document, text) {
  const area = /** @type {HTMLTextAreaElement} */ (
    await until(document, 'message field', () => document.querySelector('textarea[aria-label="Message"]'))
  );
  area.value = text;
  area.dispatchEvent(new Event('input', { bubbles: true }));
}

/** @param {Document} document */
const isReady = (document) => document.querySelector('.dot.ready') !== null;

/** @type {Readonly<Record<string, (document: Document, ...args: any[]) => unknown>>} */
export const steps = {
  environment: ({ defaultView }) => ({
    isolated: defaultView?.crossOriginIsolated ?? false,
    sharedMemory: defaultView !== null && 'SharedArrayBuffer' in defaultView,
    isControlled: Boolean(defaultView?.navigator.serviceWorker?.controller),
  }),
  /** A page on a host without headers is loaded once more. */
  isolated: (document) => until(document, 'isolation', () => document.defaultView?.crossOriginIsolated),
  /** Presses a button. @param {string} name a regular expression */
  async press(document, name) {
    const found = await until(document, `button ${name}`, () => button(document, new RegExp(name, 'i')));
    /** @type {HTMLElement} */ (found).click();
  },
  /** Waits for a text to be seen. @param {string} wanted a regular expression @returns all that is seen */
  async see(document, wanted) {
    const pattern = new RegExp(wanted, 'i');
    await until(document, `"${wanted}"`, () => pattern.test(document.body.innerText));
    return document.body.innerText;
  },
  async getModel(document) {
    await steps['press']?.(document, '^Get ');
    await until(document, 'model that is ready', () => isReady(document));
  },
  ready: (document) => until(document, 'model that is ready', () => isReady(document)),
  /** Writes a question and sends it. */
  async say(document, question) {
    await write(document, question);
    await steps['press']?.(document, '^Send$');
  },
  /** Asks, and waits until the answer is there, well or not. */
  async ask(document, question) {
    const nBefore = (await answers(document)).length;
    await steps['say']?.(document, question);
    return steps['answered']?.(document, nBefore + 1);
  },
  async answered(document, nAnswers) {
    const isWhole = (/** @type {{ state: string }} */ answer) => answer !== undefined && answer.state !== 'growing';
    return until(document, `answer ${nAnswers}`, async () => {
      const all = await answers(document);
      return all.length >= nAnswers && isWhole(all.at(-1)) ? all.at(-1) : undefined;
    });
  },
  /** Waits until so much of an answer is stored. @param {number} nCharacters */
  growing: (document, nCharacters) =>
    until(document, 'growing answer', async () => {
      const last = (await answers(document)).at(-1);
      return last && last.text.length >= nCharacters ? last : undefined;
    }),
  answers,
  /** Opens the conversation that was changed last. */
  async openLatest(document) {
    const [latest] = (await rows(document, 'conversations')).sort((a, b) => b.updatedAt - a.updatedAt);
    document.location.hash = `#/chat/${latest.id}`;
  },
  /** What an answer looks like. */
  shown: (document) => [...document.querySelectorAll('article.answer')].map((answer) => answer.textContent),
};
