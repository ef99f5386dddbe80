/**
 * Steps about models larger than the memory that they may take, read from where a page has its files.
 */

/**
 * @typedef {import('thimble').Model} Model
 * @typedef {import('thimble').OpenModelOptions} OpenModelOptions
 * @typedef {import('thimble').LoadProgress} LoadProgress
 */

const NAME = 'paged';

/**
 * @param {Pick<typeof import('thimble'), 'openModel' | 'modelStore' | 'checkFit'>} library
 * @param {(names: string[]) => Promise<File[]>} pickedFiles
 * @returns {Readonly<Record<string, (...args: any[]) => unknown>>}
 */
export function pagedSteps({ openModel, modelStore, checkFit }, pickedFiles) {
  /** @type {File[]} */
  let files;

  /** @param {Model} model @param {number} maxTokens @param {AbortSignal} [signal] */
  const answer = (model, maxTokens, signal) =>
    model.generate([1, 2, 3], { temperature: 0, maxTokens, ignoreEos: true, ...(signal && { signal }) });

  /** A place of the page's files, as `openModel` takes it. @param {'file' | 'opfs'} place */
  async function sourceIn(place) {
    if (place === 'file') return files;
    const store = await modelStore();
    await store.delete(NAME);
    await store.import(files, { name: NAME });
    return { store: NAME };
  }

  return {
    /** The model of all that follows: bytes, or names of the repository's files. */
    async pagedFiles(/** @type {number[] | string[]} */ from) {
      const isBytes = typeof from[0] === 'number';
      files = isBytes
        ? [new File([Uint8Array.from(/** @type {number[]} */ (from))], 'model.gguf')]
        : await pickedFiles(/** @type {string[]} */ (from));
    },
    /** What it answers with all of its weights in memory, and what it takes so. */
    async wholeAnswer(/** @type {OpenModelOptions} */ options, /** @type {number} */ maxTokens) {
      const { needs } = await checkFit(files, options);
      const model = await openModel(files, options);
      const { tokens, timings } = await answer(model, maxTokens);
      await model.close();
      return { tokens, totalBytes: needs.totalBytes, paging: timings.paging };
    },
    /** What it answers where it may take less; then once more, behind an answer that was stopped in its middle. */
    async pagedAnswer(
      /** @type {'file' | 'opfs'} */ place,
      /** @type {OpenModelOptions} */ options,
      /** @type {number} */ maxTokens,
    ) {
      const source = await sourceIn(place);
      /** @type {LoadProgress[]} */
      const told = [];
      const model = await openModel(source, { ...options, onProgress: (progress) => told.push(progress) });
      const { tokens, timings } = await answer(model, maxTokens);
      const stop = new AbortController();
      const stopped = answer(model, maxTokens, stop.signal);
      let nPieces = 0;
      /** @type {unknown} */
      let ending;
      try {
        for await (const _ of stopped) if (++nPieces === 2) stop.abort();
      } catch (error) {
        ending = /** @type {Error} */ (error).name;
      }
      const again = await answer(model, maxTokens);
      const { paging } = model.info;
      await model.close();
      return {
        ...{ tokens, again: again.tokens, paging, timings: timings.paging, threads: model.info.threads },
        ...{ ending, nPieces, nTold: told.length, last: told.at(-1) },
      };
    },
  };
}
