/**
 * The page's side of the browser tests: asks the test's server for a step, runs it, sends back what came out. Browsers
 * need no driver that way, and all of them are tested alike.
 */
import { openModel } from '/dist/web/index.js';
import { fingerprint } from '/test/engines/fingerprint.mjs';

const fetched = new Map();
async function fetchFile(name) {
  const response = await fetch(`/models/${name}`);
  return new File([await response.blob()], name);
}

/** The embedded model's shards as a file picker would hand them over: Files, in no particular order. */
function pickedFiles(names) {
  for (const name of names) if (!fetched.has(name)) fetched.set(name, fetchFile(name));
  return Promise.all(names.map((name) => fetched.get(name)).reverse());
}

let model;
let chat;

async function streamed(answer, eachPiece = () => undefined) {
  const pieces = [];
  for await (const piece of answer) {
    pieces.push(piece);
    eachPiece(pieces.length);
  }
  const { nPromptTokens, nReusedTokens, tokens } = await answer.result;
  return { text: pieces.join(''), nPieces: pieces.length, nPromptTokens, nReusedTokens, tokens };
}

/** What a test can ask for, by name. */
const steps = {
  environment: () => ({
    isolated: crossOriginIsolated,
    sharedMemory: typeof SharedArrayBuffer === 'function',
    userAgent: navigator.userAgent,
  }),
  fingerprint: async (names, options) => fingerprint(openModel, await pickedFiles(names), options),
  async open(names, options) {
    model = await openModel(await pickedFiles(names), options);
    return model.info;
  },
  openBytes: async (name, bytes) => (await openModel(new File([Uint8Array.from(bytes)], name))).info,
  openUrl: async (url) => (await openModel(url)).info,
  generate: (prompt, options) => streamed(model.generate(prompt, options)),
  /** Leaves after so many pieces by an abort signal; says how the iteration ended. */
  async abort(prompt, options, nPieces) {
    const stop = new AbortController();
    let nSeen = 0;
    const seen = (n) => {
      nSeen = n;
      if (n === nPieces) stop.abort();
    };
    const error = await streamed(model.generate(prompt, { ...options, signal: stop.signal }), seen).catch(
      (error) => error,
    );
    return { name: error.name, nSeen };
  },
  send(message, options) {
    chat ??= model.chat(options);
    return streamed(chat.send(message));
  },
  close: () => model.close(),
};

for (let done; ;) {
  const { step, args } = await (await fetch('/next', { method: 'POST', body: done })).json();
  try {
    done = JSON.stringify({ result: await steps[step](...args) });
  } catch ({ name, message }) {
    done = JSON.stringify({ error: { name, message } });
  }
}
