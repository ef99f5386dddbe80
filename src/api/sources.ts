import { plainSource } from '../platform/model_source.ts';
import type { Receiving } from '../platform/receiving.ts';
import type { ModelSource, PlainSource } from '../platform/platform.ts';
import { isStoredSource } from '../store/is_stored.ts';
import type { ModelStore, ModelStoreOptions } from '../store/model_store.ts';
import type { StoredSource } from '../store/types.ts';

/** A source as it can cross to the engine's thread. What is the store's is downloaded first, where it is not there yet. */
export async function sourceOf(source: ModelSource | StoredSource, receiving: Receiving): Promise<PlainSource> {
  if (!isStoredSource(source)) return plainSource(source, receiving);
  const { onDownload: onProgress, signal } = receiving;
  return (await modelStore()).plainSource(source, { ...(onProgress && { onProgress }), ...(signal && { signal }) });
}

/**
 * The models that this device keeps: in a page those of the site, in the browser's storage; in Node those in a folder.
 *
 *     const store = await modelStore();
 *     const download = store.download({ hf: 'org/repo/file.gguf' }, { onProgress: ({ doneBytes, totalBytes }) => … });
 *     const model = await openModel({ store: (await download.result).name });
 *
 * `openModel({ hf })` and `openModel({ url })` do both.
 * @throws ResourceError where there is no storage
 */
export async function modelStore(options: ModelStoreOptions = {}): Promise<ModelStore> {
  const { openModelStore } = await import('../store/model_store.ts');
  return openModelStore(options);
}
