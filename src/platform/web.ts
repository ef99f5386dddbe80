import { asError, ResourceError, UnsupportedError } from '../base/errors.ts';
import type { Platform, WorkerHandle } from './platform.ts';

/**
 * Pages may ask for Trusted Types (`require-trusted-types-for 'script'`). The policy's name is `thimble`, for pages that list the names
 * they allow (`trusted-types thimble`). It is made once: a second one of the same name is refused. Where it is not allowed, the page's
 * default policy may still let the script through.
 */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): URL };
}

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
let policy: ReturnType<TrustedTypes['createPolicy']> | undefined;

function trusted(script: URL): URL {
  try {
    policy ??= trustedTypes?.createPolicy('thimble', { createScriptURL: (url) => url });
  } catch {
    return script;
  }
  return policy?.createScriptURL(script.href) ?? script;
}

/** Some bundlers leave out the origin. */
const address = (file: URL): string => new URL(file, self.location.href).href;

/**
 * Bundlers find files by this spelling, put them elsewhere, and give them other names; they leave what is inside as it is. So no file
 * names another one: this table is told to all threads.
 */
export const files: Platform['files'] = async () => ({
  engine: address(new URL('./engine.js', import.meta.url)),
  compute: address(new URL('./engine.js', import.meta.url)), // see src/threads/page.ts
  templates: address(new URL('./engine.templates.js', import.meta.url)),
  models: address(new URL('./engine.models.js', import.meta.url)),
  weights: address(new URL('./engine.weights.js', import.meta.url)),
  calls: address(new URL('./engine.calls.js', import.meta.url)),
  grammar: address(new URL('./engine.grammar.js', import.meta.url)),
  sources: address(new URL('./engine.sources.js', import.meta.url)),
  sessions: address(new URL('./engine.sessions.js', import.meta.url)),
  paged: address(new URL('./engine.paged.js', import.meta.url)),
  gpu: address(new URL('./engine.gpu.js', import.meta.url)),
  store: address(new URL('./store.js', import.meta.url)),
  'thimble.simd': address(new URL('../thimble.simd.wasm', import.meta.url)),
  'thimble.simd.more': address(new URL('../thimble.simd.more.wasm', import.meta.url)),
  'thimble.relaxed': address(new URL('../thimble.relaxed.wasm', import.meta.url)),
  'thimble.relaxed.more': address(new URL('../thimble.relaxed.more.wasm', import.meta.url)),
});

/** Some bundlers leave files where they are: then everything comes from a script that this one imports, by way of blob: addresses. */
export const inlinedFiles: Platform['inlinedFiles'] = async () => (await import('./inlined_files.ts')).inlinedFiles();

/** A worker's script must be of the page's origin. One that is not is imported by a script that is. */
function ofOwnOrigin(script: URL): URL {
  if (script.origin === self.origin) return script;
  const text = `import ${JSON.stringify(script.href)};`;
  return new URL(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
}

function startWorker(script: URL, options: WorkerOptions): Worker {
  try {
    return new Worker(trusted(ofOwnOrigin(script)), options);
  } catch (cause) {
    const why = `the page's Content-Security-Policy does not let ${script.href} start: ${asError(cause).message}`;
    throw new UnsupportedError(`${why}; allow it: worker-src 'self', trusted-types thimble`, { cause });
  }
}

export const spawn: Platform['spawn'] = (script, name) => {
  const worker = startWorker(script, { name, type: 'module' });
  let isTold = false;
  let ownLock: string | undefined;
  const begun = new Promise((resolve) => {
    for (const event of ['message', 'error']) worker.addEventListener(event, resolve, { once: true });
  });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    onMessage: (listener) =>
      worker.addEventListener('message', ({ data }) => lockIn(data) === undefined && listener(data)),
    onDeath(listener) {
      worker.addEventListener('error', (event) => {
        event.preventDefault(); // it is dealt with here: otherwise it fails the worker that started this one, too
        listener(new Error(event.message || `${script.href} cannot be loaded`), !event.message);
      });
      worker.addEventListener('message', ({ data }) => {
        const lock = lockIn(data);
        if (lock === undefined) return;
        ownLock = lock;
        const free = () => void (isTold || listener(new Error(`${name} was ended by the browser`), false));
        navigator.locks.request(lock, free).catch(() => undefined);
      });
    },
    async terminate() {
      isTold = true;
      await soon(begun);
      worker.terminate();
      if (ownLock !== undefined) await freed(ownLock);
    },
    keepAlive: () => undefined,
  } satisfies WorkerHandle;
};

/**
 * Waits until a worker has really ended. Chromium keeps thread and memory of one that is ended while it begins, or whose parent is ended
 * before (7 models of 110 MB, two at a time: 390 MB stay).
 */
const freed = (lock: string): Promise<unknown> => soon(navigator.locks.request(lock, () => undefined));

/** Waits, but not for long. */
const soon = (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([promise.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, LOCK_MS))]);

/** The name of a lock, in a worker's first message. */
const lockIn = (message: unknown): string | undefined => (message as { thimbleLock?: string } | null)?.thimbleLock;

/** Milliseconds after which a worker begins without a lock. */
const LOCK_MS = 500;

/**
 * A worker that the browser ends says nothing, and nobody is told. But it loses its locks: so each holds one for as long as it lives, and
 * whoever started it waits for that. Resolves when the lock is there, or where there are none.
 */
const takeLock = (): Promise<void> =>
  new Promise((resolve) => {
    const thimbleLock = `thimble ${Math.random()}`;
    const hold = () => {
      self.postMessage({ thimbleLock });
      resolve();
      return new Promise<never>(() => undefined);
    };
    setTimeout(resolve, LOCK_MS);
    if (!navigator.locks) return resolve(); // pages that are not secure
    navigator.locks.request(thimbleLock, hold).catch(() => resolve());
  });

let lockTaken: Promise<void> | undefined;

export const host: Platform['host'] = () => {
  const ready = (lockTaken ??= takeLock());
  return {
    post: (message, transfer = []) => self.postMessage(message, { transfer: [...transfer] }),
    onMessage: (listener) => self.addEventListener('message', ({ data }) => void ready.then(() => listener(data))),
  };
};

export const threadName: Platform['threadName'] = () => self.name;

export const findGpu: Platform['findGpu'] = async () => (await import('./web_gpu.ts')).findGpu(self);

export const runtimeName: Platform['runtimeName'] = () => navigator.userAgent;

export const notes: Platform['notes'] = async () => (await import('./web_notes.ts')).notes;

export const readBeside: Platform['readBeside'] = async (file) => {
  const response = await fetch(file).catch((cause: unknown) => {
    throw new ResourceError(`cannot fetch ${file.href}; is it served beside the library's script?`, { cause });
  });
  if (!response.ok)
    throw new ResourceError(`${file.href} answered ${response.status}; serve it beside the library's script`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (new TextDecoder().decode(bytes.subarray(0, 4)) === '\0asm') return bytes;
  throw new ResourceError(`${file.href} is no WebAssembly; serve the file of this build beside the library's script`);
};

export const nCores: Platform['nCores'] = () => navigator.hardwareConcurrency || 1;

export const deviceMemory: Platform['deviceMemory'] = async () =>
  (await import('./web_memory.ts')).deviceMemory(navigator);

export const onHidden: Platform['onHidden'] = (listener) => {
  const look = () => document.visibilityState === 'hidden' && listener();
  self.document?.addEventListener('visibilitychange', look);
  return () => self.document?.removeEventListener('visibilitychange', look);
};

const waiting: (() => void)[] = [];
let bell: MessagePort | undefined; // made when it is needed: an import leaves nothing open, in Node neither

function newBell(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()?.();
  return port2;
}

/** A message to itself: unlike a timer it is not slowed down to 4 ms. */
export const tick: Platform['tick'] = () =>
  new Promise((resolve) => {
    waiting.push(resolve);
    (bell ??= newBell()).postMessage(undefined);
  });

const noPath = (path: string): never => {
  const wanted = 'give a File, a Blob, all shards as Files, { url }, { hf } or a Response';
  throw new TypeError(`${JSON.stringify(path)} is a path, and a page has none; ${wanted}`);
};

export const pathOf: Platform['pathOf'] = ({ href }) => noPath(href);

export const openPath: Platform['openPath'] = noPath;
