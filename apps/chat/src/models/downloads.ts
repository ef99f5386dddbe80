/** Models on their way to this device. */
import { computed, signal } from '@preact/signals';
import { noteRequest } from '../app/network.ts';
import { isAbort, troubleOf } from '../app/troubles.ts';
import { isBusy } from '../state/answering.ts';
import { notify } from '../state/notices.ts';
import type { Trouble } from '../state/types.ts';
import { offeredById, type OfferedModel } from './catalogue.ts';
import { engine, openEngine } from './engine.ts';
import { isHere, nameOf, openOptions, refresh, sourceOf, stored, storeTrouble, use } from './library.ts';
import { addressOf, sourceFrom, store, urlOf, type Download, type DownloadSource, type StoreProgress } from './store.ts';

export type DownloadState =
  | ({ readonly type: 'running' | 'paused' } & StoreProgress)
  | { readonly type: 'failed'; readonly trouble: Trouble };

/** By the name in the store. */
export const downloads = signal<Readonly<Record<string, DownloadState>>>({});

/** Downloads of models that the app does not offer. */
export const ownDownloads = computed(() => Object.keys(downloads.value).filter((id) => !offeredById(id)));

interface Running {
  readonly download?: Download;
  readonly cancels: AbortController;
}

/** The model that was asked for last: it opens when it is here, whatever is open then. */
let awaited: string | undefined;

const running = new Map<string, Running>();
const sources = new Map<string, DownloadSource>();

const starting: StoreProgress = {
  state: 'starting',
  doneBytes: 0,
  totalBytes: undefined,
  bytesPerSecond: 0,
  secondsLeft: undefined,
};

function show(id: string, state: DownloadState | undefined): void {
  const { [id]: _, ...others } = downloads.value;
  downloads.value = state ? { ...others, [id]: state } : others;
}

/** Fetches a model, says how far it is by `downloads`, and opens it where it is waited for, or nothing else is open. */
export async function get(id: string, source: DownloadSource): Promise<void> {
  const old = downloads.value[id];
  if (running.has(id)) return;
  const total = offeredById(id)?.sizeBytes;
  const begun = old && old.type !== 'failed' ? old : { ...starting, totalBytes: total };
  show(id, { ...begun, type: 'running' });
  sources.set(id, source);
  await watched(id, async (hooks) => {
    const received = noteRequest(urlOf(source)); // one that fails was made, too
    const onProgress = (progress: StoreProgress) => {
      received(Math.max(0, progress.doneBytes - begun.doneBytes));
      hooks.onProgress(progress);
    };
    const download = (await store()).download({ ...source, name: id }, { ...hooks, onProgress });
    running.set(id, { download, cancels: running.get(id)!.cancels });
    await download.result;
  });
}

/** Copies GGUF files into the store, all shards of one model, and opens it. */
export async function importFiles(id: string, files: readonly File[]): Promise<void> {
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  show(id, { ...starting, totalBytes, type: 'running' });
  await watched(id, async (hooks) => void (await (await store()).import([...files], { name: id, ...hooks })));
}

interface Hooks {
  readonly onProgress: (progress: StoreProgress) => void;
  readonly signal: AbortSignal;
}

async function watched(id: string, work: (hooks: Hooks) => Promise<void>): Promise<void> {
  const cancels = new AbortController();
  awaited = id;
  running.set(id, { cancels });
  const onProgress = (progress: StoreProgress) => {
    if (!running.has(id) || progress.state === 'done') return;
    show(id, { ...progress, type: progress.state === 'paused' ? 'paused' : 'running' });
  };
  try {
    await work({ onProgress, signal: cancels.signal });
    await refresh();
    show(id, undefined);
    running.delete(id);
    arrived(id);
  } catch (error) {
    show(id, isAbort(error) ? undefined : { type: 'failed', trouble: troubleOf(error) });
    running.delete(id);
    await refresh();
  }
}

/** Opens what has come, unless an answer is being made by another model. */
function arrived(id: string): void {
  if (isBusy()) notify(`${nameOf(id)} is here.`);
  else if (engine.value.type !== 'ready' || awaited === id) void use(id);
}

/** Fetches a model that the app offers, and opens it. */
export async function getAndUse(model: OfferedModel): Promise<void> {
  if (storeTrouble.value) await openDirectly(model);
  else if (isHere(model.id)) await use(model.id);
  else await get(model.id, sourceOf(model));
}

/** Where the browser keeps nothing, the model comes straight into memory, each time. */
async function openDirectly(model: OfferedModel): Promise<void> {
  const { id, name } = model;
  const urls = model.embedded ? EMBEDDED_MODEL.urls : [addressOf(model.hf!)];
  await openEngine({
    id,
    name,
    open: async (openModel, options) => {
      const answers = await Promise.all(urls.map((url) => fetch(new URL(url, document.baseURI), { signal: options.signal! })));
      return openModel(answers, options);
    },
    options: openOptions(),
  });
}

/** Whether it can pause: a copy of files cannot. */
export const canPause = (id: string): boolean =>
  running.get(id)?.download !== undefined || downloads.value[id]?.type === 'paused';

export function pause(id: string): void {
  running.get(id)?.download?.pause();
}

/** After a pause, a failure, or a reload. */
export function goOn(id: string): void {
  const download = running.get(id)?.download;
  if (download) return download.resume();
  const source = sources.get(id) ?? sourceAgain(id);
  if (source) void get(id, source);
  else show(id, undefined);
}

function sourceAgain(id: string): DownloadSource | undefined {
  const model = offeredById(id);
  if (model) return sourceOf(model);
  const record = stored.value.find(({ name }) => name === id);
  return record && sourceFrom(record);
}

/** Stops, and deletes what has come. */
export async function cancel(id: string): Promise<void> {
  const { download, cancels } = running.get(id) ?? {};
  if (download) await download.cancel();
  else cancels?.abort();
  show(id, undefined);
  if (!isHere(id)) await (await store()).delete(id).catch(() => undefined);
  await refresh();
}

/** Shows what an earlier visit began and did not end. */
export function begin(): void {
  for (const { name, sizeBytes, doneBytes, isComplete } of stored.value) {
    if (isComplete || running.has(name)) continue;
    show(name, { ...starting, state: 'paused', doneBytes, totalBytes: sizeBytes, type: 'paused' });
  }
}
