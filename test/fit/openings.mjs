/**
 * Opens a model again and again, and lets go of it in every way: closed with sessions and adapters open, aborted while it loads, never
 * opened. Runs in Node and in a page.
 *
 * @typedef {import('thimble').ModelSource} ModelSource
 */

/**
 * @param {typeof import('thimble').openModel} openModel
 * @param {ModelSource} source
 * @param {{ readonly adapter: Uint8Array, readonly adapted: Uint8Array }} tiny an adapter, and the model that it is for
 * @param {number} n
 */
export async function openings(openModel, source, { adapter, adapted }, n) {
  const options = { nCtx: 512, maxSessions: 2 };
  for (let i = 0; i < n; i++) {
    const model = await openModel(source, options);
    const session = model.openSession();
    await session.generate('Once upon a time', { maxTokens: 2 });
    await model.generate('Twice', { maxTokens: 2 });
    const failing = openModel(source, { ...options, nCtx: 2 ** 24 }); // beside the open one: more than there is
    await failing.then(
      () => Promise.reject(new Error('it has opened')),
      () => undefined,
    );
    await model.close(); // its session is open
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    const aborted = openModel(source, { ...options, signal: stop.signal, onProgress });
    const { name } = await aborted.catch((error) => error);
    if (name !== 'AbortError') throw new Error(`it was ${name}`);
    await openModel(Uint8Array.of(1, 2, 3)).catch(() => undefined);
    const small = await openModel(adapted, { nCtx: 64, adapters: [adapter] });
    await small.generate([1, 2, 3], { maxTokens: 2 });
    await small.close();
  }
}

/** @type {Promise<File[]> | undefined} */
let fetched;

/**
 * The same in a page.
 *
 * @param {readonly string[]} addresses of all shards
 * @param {Readonly<Record<'adapter' | 'adapted', readonly number[]>>} tiny
 * @param {number} n
 */
export async function openingsInPage(addresses, { adapter, adapted }, n) {
  /** @type {typeof import('thimble')} */
  const { openModel } = await import(new URL('../../dist/web/index.js', import.meta.url).href);
  fetched ??= Promise.all(
    addresses.map(async (address) => {
      const blob = await (await fetch(address)).blob();
      return new File([blob], address.split('/').at(-1) ?? '');
    }),
  );
  const tiny = { adapter: Uint8Array.from(adapter), adapted: Uint8Array.from(adapted) };
  await openings(openModel, await fetched, tiny, n);
  /** @type {{ gc?: () => void }} */ (globalThis).gc?.();
}
