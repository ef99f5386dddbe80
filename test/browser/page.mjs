/**
 * The page's side of the browser tests: asks the test's server for a step, runs it, sends back what came out. Browsers
 * need no driver that way, and all of them are tested alike.
 */
import { fingerprint } from '../engines/fingerprint.mjs';
import { lifeSteps } from './life_steps.mjs';
import { pagedSteps } from './paged_steps.mjs';

/**
 * @typedef {import('thimble').Model} Model
 * @typedef {import('thimble').OpenModelOptions} OpenModelOptions
 * @typedef {import('thimble').GenerateOptions} GenerateOptions
 */

/** @type {typeof import('thimble')} */
const library = await import(new URL('../../dist/web/index.js', import.meta.url).href);
const { checkFit, openModel } = library;

/** @type {Map<string, Promise<File>>} */

const fetched = new Map();

/** @param {string} name */
async function fetchFile(name) {
  const response = await fetch(`/models/${name}`);
  return new File([await response.blob()], name);
}

/**
 * The embedded model's shards as a file picker would hand them over: Files, in no particular order.
 * @param {readonly string[]} names
 * @returns {Promise<File[]>}
 */
function pickedFiles(names) {
  const files = names.map((name) => {
    const file = fetched.get(name) ?? fetchFile(name);
    fetched.set(name, file);
    return file;
  });
  return Promise.all(files.reverse());
}

/** @type {Model} */
let model;
/** @type {import('thimble').Chat | undefined} */
let chat;

/**
 * @param {import('thimble').Generation} answer
 * @param {(nPieces: number) => void} eachPiece
 */
async function streamed(answer, eachPiece = () => undefined) {
  const pieces = [];
  for await (const piece of answer) {
    pieces.push(piece);
    eachPiece(pieces.length);
  }
  const { nPromptTokens, nReusedTokens, tokens } = await answer.result;
  return { text: pieces.join(''), nPieces: pieces.length, nPromptTokens, nReusedTokens, tokens };
}

const environment = () => ({
  isolated: crossOriginIsolated,
  sharedMemory: typeof SharedArrayBuffer === 'function',
  userAgent: navigator.userAgent,
  nLoads: Number(sessionStorage.getItem('loads')),
});

/**
 * What a test can ask for, by name.
 * @type {Readonly<Record<string, (...args: any[]) => unknown>>}
 */
const steps = {
  ...lifeSteps({ openModel, pickedFiles, model: () => model }),
  ...pagedSteps(library, pickedFiles),
  environment,
  /** Loads the page again, when the answer is on its way. */
  reload: () => void setTimeout(() => location.reload(), 100),
  fetchText: async (/** @type {string} */ path) => (await fetch(path)).text(),
  /** How requests come back that a service worker could spoil: a range, of an origin that says nothing, with a body. */
  async requests(/** @type {string} */ path) {
    const range = await fetch(path, { headers: { Range: 'bytes=4-7' } });
    const foreign = `http://127.0.0.1:${location.port}/models/README.md`;
    const opaque = await fetch(foreign, { mode: 'no-cors' }).catch(() => ({ type: 'blocked', status: 0 }));
    const posted = await fetch('/echo', { method: 'POST', body: 'a body' });
    return {
      range: [range.status, (await range.arrayBuffer()).byteLength],
      opaque: [opaque.type, opaque.status],
      posted: await posted.text(),
    };
  },
  fingerprint: async (/** @type {string[]} */ names, /** @type {Parameters<typeof fingerprint>[2]} */ options) =>
    fingerprint(openModel, await pickedFiles(names), options),
  async open(/** @type {string[]} */ names, /** @type {OpenModelOptions} */ options) {
    model = await openModel(await pickedFiles(names), options);
    return model.info;
  },
  /** A file that the server has elsewhere. */
  async openFile(/** @type {string} */ url, /** @type {OpenModelOptions} */ options) {
    model = await openModel(new File([await (await fetch(url)).blob()], 'model.gguf'), options);
    return model.info;
  },
  openBytes: async (/** @type {string} */ name, /** @type {number[]} */ bytes) =>
    (await openModel(new File([Uint8Array.from(bytes)], name))).info,
  /** Opens a model and scores a text, for which it needs parts that are loaded on demand. */
  async scoreBytes(/** @type {number[]} */ bytes) {
    const opened = await openModel(Uint8Array.from(bytes), { nCtx: 64, threads: 1 });
    const scores = await opened.score([1, 2, 3]).finally(() => opened.close());
    return scores.length;
  },
  /** What a model says to tokens. */
  async answerOf(
    /** @type {number[]} */ bytes,
    /** @type {OpenModelOptions} */ options,
    /** @type {number[]} */ prompt,
  ) {
    const opened = await openModel(Uint8Array.from(bytes), options);
    const { tokens } = await opened.generate(prompt, { temperature: 0, maxTokens: 8, ignoreEos: true });
    await opened.close();
    return tokens;
  },
  openKept: async (/** @type {number[]} */ bytes) => {
    model = await openModel(Uint8Array.from(bytes), { nCtx: 64, threads: 1 });
  },
  score: async (/** @type {number[]} */ tokens) => (await model.score(tokens)).length,
  openUrl: async (/** @type {string} */ url) => (await openModel(url)).info,
  generate: (/** @type {string} */ prompt, /** @type {GenerateOptions} */ options) =>
    streamed(model.generate(prompt, options)),
  /** Leaves after so many pieces by an abort signal; says how the iteration ended. */
  async abort(/** @type {string} */ prompt, /** @type {GenerateOptions} */ options, /** @type {number} */ nPieces) {
    const stop = new AbortController();
    let nSeen = 0;
    const seen = (/** @type {number} */ n) => {
      nSeen = n;
      if (n === nPieces) stop.abort();
    };
    const error = await streamed(model.generate(prompt, { ...options, signal: stop.signal }), seen).catch(
      (error) => error,
    );
    return { name: error.name, nSeen };
  },
  send(/** @type {string} */ message, /** @type {import('thimble').ChatOptions} */ options) {
    chat ??= model.chat(options);
    return streamed(chat.send(message));
  },
  close() {
    chat = undefined;
    return model.close();
  },
  fit: async (/** @type {string[]} */ names, /** @type {import('thimble').CheckFitOptions} */ options) =>
    checkFit(await pickedFiles(names), options),
  /** What a function of another module says. */
  from: async (/** @type {string} */ module, /** @type {string} */ name, /** @type {unknown[]} */ ...args) =>
    (await import(module))[name](...args),
  /** Every way to bytes that a page has, each of which ends with a model that answers. */
  async sources(/** @type {number[]} */ numbers) {
    const bytes = Uint8Array.from(numbers);
    const picker = document.createElement('input');
    picker.type = 'file';
    const picked = new DataTransfer();
    picked.items.add(new File([bytes], 'picked.gguf'));
    picker.files = picked.files;
    const body = () => new Blob([bytes]);
    const sources = [bytes, bytes.buffer, body(), new Response(body()), body().stream(), picked.files];
    const answers = [];
    for (const source of sources) {
      const opened = await openModel(source, { nCtx: 64, threads: 1 });
      const { tokens } = await opened.generate([1, 2, 3], { temperature: 0, maxTokens: 4, ignoreEos: true });
      answers.push(tokens);
      await opened.close();
    }
    return answers;
  },
  /** Calls and models whose code loads on demand, with everything they come to: see `onDemand` of the test. */
  async onDemand(/** @type {Record<'model' | 'lora' | 'encoder', number[]>} */ { model, lora, encoder }) {
    const { onDemand } = await import('./on_demand.mjs');
    const bytes = (/** @type {number[]} */ numbers) => Uint8Array.from(numbers);
    return onDemand(openModel, { model: bytes(model), lora: bytes(lora), encoder: bytes(encoder) });
  },
  /** `thimble/gguf`: a header by its address, what it needs, and a smaller model. */
  async gguf(/** @type {string} */ address) {
    /** @type {typeof import('../../src/gguf_web.ts')} */
    const gguf = await import(new URL('../../dist/web/gguf.js', import.meta.url).href);
    const file = await gguf.openModelFile(new URL(address, location.href));
    const { totalBytes } = await gguf.memoryNeeded(file, { nCtx: 512 });
    const plan = gguf.planQuantization(file, 'q8_0');
    for (const source of file.sources) await source.close?.();
    return { tensors: file.tensors.size, shards: file.sources.length, totalBytes, planned: plan.tensors.length };
  },
};

/** @type {string | undefined} */
let done;
for (;;) {
  /** @type {{ step: string, args: unknown[] }} */
  const { step, args } = await (await fetch('/next', { method: 'POST', body: done })).json();
  try {
    const run = steps[step];
    if (!run) throw new TypeError(`there is no step ${step}`);
    done = JSON.stringify({ result: await run(...args) });
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    done = JSON.stringify({ error: { name, message } });
  }
}
