/** Which models there are, which are on this device, and what is being fetched. */
import { computed, signal } from '@preact/signals';
import { isAbort, troubleOf } from '../app/troubles.ts';
import { notify } from '../state/notices.ts';
import { chosenModel, kvType, nCtx, threads } from '../state/settings.ts';
import type { Trouble } from '../state/types.ts';
import { embedded, offered, offeredById, type OfferedModel } from './catalogue.ts';
import { closeEngine, engine, openEngine } from './engine.ts';
import { estimateFit, type Fit } from './fit.ts';
import * as store from './store.ts';

export type DownloadState =
  | ({ readonly type: 'running' | 'paused' } & store.StoreProgress)
  | { readonly type: 'failed'; readonly trouble: Trouble };

/** A model in a list: offered, or the user's own. `id` is its name in the store. */
export interface LibraryModel extends Partial<OfferedModel> {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly isHere: boolean;
}

export const stored = signal<readonly store.StoredModel[]>([]);
export const usage = signal<store.StoreUsage | undefined>(undefined);
export const downloads = signal<Readonly<Record<string, DownloadState>>>({});

/** Whether the list of stored models was read: before that, nothing is known. */
export const isListed = signal(false);

const running = new Map<string, store.Download>();
const sources = new Map<string, store.StoredSource>();

const isStored = (id: string): boolean => stored.value.some(({ name, isComplete }) => name === id && isComplete);

export const here = computed<readonly LibraryModel[]>(() =>
  stored.value
    .filter(({ isComplete }) => isComplete)
    .map(({ name, sizeBytes }) => ({ ...(offeredById(name) ?? { id: name, name: titleOf(name) }), sizeBytes, isHere: true })),
);

export const toGet = computed<readonly LibraryModel[]>(() =>
  offered.filter(({ id }) => !isStored(id)).map((model) => ({ ...model, isHere: false })),
);

/** Downloads of models that are not on the list of offered ones. */
export const ownDownloads = computed(() => Object.keys(downloads.value).filter((id) => !offeredById(id)));

/** `Mistral-7B-Instruct.Q4_K_M.gguf` → `Mistral 7B Instruct Q4_K_M` */
export const titleOf = (file: string): string =>
  file.replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '').replace(/[-.](?=[A-Za-z0-9])/g, ' ');

export async function refresh(): Promise<void> {
  stored.value = await store.list();
  usage.value = await store.usage();
  isListed.value = true;
}

export function fitOf(model: Pick<LibraryModel, 'sizeBytes' | 'kvBytesPerToken'>): Fit {
  const { sizeBytes, kvBytesPerToken = sizeBytes / 12_000 } = model;
  return estimateFit({ sizeBytes, kvBytesPerToken }, nCtx.value);
}

export function sourceOf({ id, hf, sha256, embedded: isEmbedded }: OfferedModel): store.StoredSource {
  if (isEmbedded) return { url: pageUrl(EMBEDDED_MODEL.urls[0]!), urls: EMBEDDED_MODEL.urls.map(pageUrl), name: id };
  return { hf: hf!, name: id, ...(sha256 ? { sha256 } : {}) };
}

const pageUrl = (url: string): string => new URL(url, document.baseURI).href;

/** Fetches a model, and says how far it is by `downloads`. @returns whether it is here in the end */
export async function get(id: string, source: store.StoredSource): Promise<boolean> {
  if (running.has(id)) return false;
  sources.set(id, source);
  const begin = { doneBytes: 0, totalBytes: offeredById(id)?.sizeBytes, bytesPerSecond: 0, secondsLeft: Infinity };
  show(id, { type: 'running', ...begin });
  const onProgress = (progress: store.StoreProgress) => {
    if (downloads.value[id]?.type === 'running') show(id, { type: 'running', ...progress });
  };
  try {
    const download = store.download(source, { name: id, onProgress });
    running.set(id, download);
    await download.result;
    show(id, undefined);
    return true;
  } catch (error) {
    show(id, isAbort(error) ? undefined : { type: 'failed', trouble: troubleOf(error) });
    return false;
  } finally {
    running.delete(id);
    await refresh();
  }
}

export const getOffered = (model: OfferedModel): Promise<boolean> => get(model.id, sourceOf(model));

/** Fetches a model and opens it. */
export async function getAndUse(model: OfferedModel): Promise<void> {
  if (await getOffered(model)) await use(model.id);
}

function show(id: string, state: DownloadState | undefined): void {
  const { [id]: _, ...others } = downloads.value;
  downloads.value = state ? { ...others, [id]: state } : others;
}

export function pause(id: string): void {
  const state = downloads.value[id];
  if (state?.type !== 'running') return;
  running.get(id)?.pause();
  show(id, { ...state, type: 'paused' });
}

export function goOn(id: string): void {
  const state = downloads.value[id];
  const download = running.get(id);
  if (state?.type === 'paused' && download) {
    download.resume();
    show(id, { ...state, type: 'running' });
  } else {
    const source = sources.get(id);
    if (source) void get(id, source);
  }
}

export function cancel(id: string): void {
  running.get(id)?.cancel();
  show(id, undefined);
}

/** Takes GGUF files, all shards of one model. @returns its name in the store */
export async function importFiles(files: readonly File[]): Promise<string | undefined> {
  const name = files[0]!.name;
  try {
    await store.importFiles(files, { name });
    return name;
  } catch (error) {
    const { title, text } = troubleOf(error);
    notify(`${title}. ${text}`);
    return undefined;
  } finally {
    await refresh();
  }
}

export async function remove(id: string): Promise<void> {
  if (engine.value.type !== 'none' && engine.value.id === id) await closeEngine();
  await store.remove(id);
  if (chosenModel.value === id) chosenModel.value = null;
  await refresh();
}

export const nameOf = (id: string): string => offeredById(id)?.name ?? titleOf(id);

/** Opens a model that is here, and remembers the choice. */
export async function use(id: string): Promise<void> {
  chosenModel.value = id;
  await openEngine({
    id,
    name: nameOf(id),
    open: (openModel, options) => store.openStored(id, openModel, options),
    options: {
      nCtx: nCtx.value,
      kvType: kvType.value,
      ...(threads.value > 0 ? { threads: threads.value } : {}),
    },
  });
}

/** Opens the model of the last time, where it is still here. */
export async function begin(): Promise<void> {
  await refresh();
  const id = chosenModel.value ?? here.value[0]?.id;
  if (id !== undefined && isStored(id)) await use(id);
  else if (id === embedded.id) await getAndUse(embedded);
}
