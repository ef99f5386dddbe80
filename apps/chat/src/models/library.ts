/** Which models there are, and which are on this device. */
import { computed, signal } from '@preact/signals';
import { troubleOf } from '../app/troubles.ts';
import { notify } from '../state/notices.ts';
import type { Trouble } from '../state/types.ts';
import { goTo, screen } from '../state/route.ts';
import { backend, chosenModel, kvType, nCtx, threads } from '../state/settings.ts';
import { offered, offeredById, type OfferedModel } from './catalogue.ts';
import { closeEngine, engine, openEngine } from './engine.ts';
import { embeddedSource } from './embedded.ts';
import { estimateFit, type Fit } from './fit.ts';
import { openStored, store, type DownloadSource, type StoredModel, type StoreUsage } from './store.ts';

/** A model in a list: offered, or the user's own. `id` is its name in the store. */
export interface LibraryModel extends Partial<OfferedModel> {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
}

export const stored = signal<readonly StoredModel[]>([]);
export const usage = signal<StoreUsage | undefined>(undefined);

/** Whether the list of stored models was read: before that, nothing is known. */
export const isListed = signal(false);

export const isHere = (id: string): boolean => stored.value.some(({ name, isComplete }) => name === id && isComplete);

export const here = computed<readonly LibraryModel[]>(() =>
  stored.value
    .filter(({ isComplete }) => isComplete)
    .map(({ name, sizeBytes = 0 }) => ({ ...(offeredById(name) ?? { id: name, name: titleOf(name) }), sizeBytes })),
);

export const toGet = computed(() => offered.filter(({ id }) => !isHere(id)));

/** `org/repo/Mistral-7B-Instruct.Q4_K_M.gguf` → `Mistral 7B Instruct Q4_K_M` */
export const titleOf = (file: string): string =>
  file
    .split('/')
    .at(-1)!
    .replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '')
    .replace(/[-.](?=[A-Za-z0-9])/g, ' ');

export const nameOf = (id: string): string => offeredById(id)?.name ?? titleOf(id);

/** Why this browser keeps no models; undefined where it does. */
export const storeTrouble = signal<Trouble | undefined>(undefined);

/** Reads what is here. */
export async function refresh(): Promise<void> {
  try {
    const opened = await store();
    stored.value = await opened.list();
    usage.value = await opened.usage();
  } catch (error) {
    storeTrouble.value = troubleOf(error);
  }
  isListed.value = true;
}

export const fitOf = ({ sizeBytes, kvBytesPerToken, quant }: OfferedModel): Fit =>
  estimateFit({ sizeBytes, kvBytesPerToken, quant });

export const sourceOf = ({ id, hf, sha256, embedded: isEmbedded }: OfferedModel): DownloadSource =>
  isEmbedded ? embeddedSource() : { hf: hf!, name: id, ...(sha256 ? { sha256 } : {}) };

export async function remove(id: string): Promise<void> {
  if (engine.value.type !== 'none' && engine.value.id === id) await closeEngine();
  try {
    await (await store()).delete(id);
    if (chosenModel.value === id) chosenModel.value = null;
  } catch (error) {
    notify(troubleOf(error).text);
  }
  await refresh();
}

/** Options that the settings make. */
export const openOptions = () => ({
  nCtx: nCtx.value,
  kvType: kvType.value,
  backend: backend.value,
  ...(threads.value > 0 ? { threads: threads.value } : {}),
});

/** Opens a model that is here, and remembers the choice. */
export async function use(id: string): Promise<void> {
  chosenModel.value = id;
  await openEngine({
    id,
    name: nameOf(id),
    open: (openModel, options) => openStored(id, openModel, options),
    options: openOptions(),
  });
  const { type } = engine.value;
  if (type !== 'ready' || screen.value === 'chat') return;
  notify(`${nameOf(id)} is open.`, { label: 'Chat', run: () => goTo('chat') });
}

/** Opens the model of the last time, where it is still here. */
export async function openLast(): Promise<void> {
  const id = chosenModel.value ?? here.value[0]?.id;
  if (id !== undefined && isHere(id)) await use(id);
}

