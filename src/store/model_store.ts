/** The models that this device keeps. */
import { checkNames, kindOf } from '../base/checks.ts';
import { ResourceError } from '../base/errors.ts';
import { parseShardName } from '../gguf/shard_names.ts';
import { plainSource } from '../platform/model_source.ts';
import type { ModelSource, PlainSource } from '../platform/platform.ts';
import { askToPersist, openPlace, plainSourceOf, startJob } from '#store';
import { storedModel } from './model_record.ts';
import type { ModelRecord, Place } from './place.ts';
import type { PlaceOptions } from './platform.ts';
import { Download } from './running_download.ts';
import { planOf } from './sources.ts';
import type { DownloadOptions, DownloadSource, ImportOptions, StoredModel, StoredSource, StoreUsage } from './types.ts';

export interface ModelStoreOptions {
  /** Node: the folder of the models. Default: `THIMBLE_MODELS`, or `thimble/models` where this system's programs keep what can be had again. */
  readonly directory?: string;
}

/** Opens the store: a browser's storage for this site, or a folder in Node. It holds nothing that has to be closed. */
export async function openModelStore(options: ModelStoreOptions = {}): Promise<ModelStore> {
  checkNames('option of modelStore', options, ['directory']);
  return new ModelStore(await openPlace(options satisfies PlaceOptions));
}

/** Models that were downloaded or imported, whole ones and others. Made by `modelStore()`. */
export class ModelStore {
  private readonly place: Place;

  /** @internal */
  constructor(place: Place) {
    this.place = place;
  }

  /** All models, the newest first; those that are not whole, too. */
  async list(): Promise<StoredModel[]> {
    const records = await this.place.records();
    return records.map((record) => storedModel(record, this.place)).sort((a, b) => b.addedAt - a.addedAt);
  }

  /** One model; undefined where there is none of that name. */
  async get(name: string): Promise<StoredModel | undefined> {
    const record = await this.place.record(checkedText(name));
    return record && storedModel(record, this.place);
  }

  /** What the store calls the model of a source, downloaded or not. */
  nameOf(source: StoredSource): string {
    return nameIn(source) ?? planOf(source as DownloadSource).name;
  }

  /**
   * Begins to download what is missing of a model, or goes on where an earlier download stopped; a model that is whole is not asked for
   * again. Every byte is hashed on its way, and compared with what the host or the caller says, where one does.
   *
   *     const download = store.download({ hf: 'org/repo/file.gguf' }, { onProgress });
   *     const { name } = await download.result;
   *
   * `result` rejects with ResourceError where the network or the room ends (what has come is kept), FormatError where the file is not
   * what it should be (nothing is kept), AbortError on `signal` and after `cancel()`.
   */
  download(source: DownloadSource, options: DownloadOptions = {}): Download {
    checkNames('option of download', options, ['onProgress', 'signal', 'nConnections', 'patience']);
    const { nConnections = 4, patience, ...around } = options;
    if (!Number.isInteger(nConnections) || nConnections < 1 || nConnections > 16)
      throw new RangeError(`nConnections is ${nConnections}, expected a whole number from 1 to 16`);
    const { name } = planOf(source);
    void askToPersist();
    const { place } = this;
    const job = { source: cloneable(source), nConnections, patience };
    return new Download(around, {
      run: async (hooks) => storedModel(await startJob(place, job, hooks), place),
      discard: () => this.delete(name),
    });
  }

  /**
   * Copies files that somebody has: a File of any size, all shards as Files, or a path in Node (the first shard stands for all). They go to
   * storage piece by piece. Where it fails or is stopped, nothing stays.
   */
  async import(
    source: Exclude<ModelSource, ReadableStream | Response>,
    options: ImportOptions = {},
  ): Promise<StoredModel> {
    checkNames('option of import', options, ['onProgress', 'signal', 'name']);
    const { name, onProgress = () => undefined, signal = new AbortController().signal } = options;
    signal.throwIfAborted();
    checkShards(source);
    void askToPersist();
    const job = { from: await plainSource(source), name };
    return storedModel(await startJob(this.place, job, { onProgress, signal }), this.place);
  }

  /** The files of a whole model, for sharing or saving; they are read as they are needed. */
  async export(name: string): Promise<File[]> {
    const record = await this.whole(name);
    return Promise.all(record.files.map((file) => this.place.file(record, file)));
  }

  /** Deletes a model, or what there is of it. @throws ResourceError where it is open, or being downloaded. */
  async delete(name: string): Promise<void> {
    const { place } = this;
    const release = await place.lock(checkedText(name), { ifFree: true });
    if (!release)
      throw new ResourceError(
        `${name} is open, or being downloaded, here or in another tab or program; end that first`,
      );
    try {
      const record = await place.record(name);
      if (!record) return;
      for (const file of record.files) await place.remove(record, file);
      await place.forget(record);
    } finally {
      release();
    }
  }

  /** How much room models take, and how much there is. */
  async usage(): Promise<StoreUsage> {
    return this.place.room();
  }

  /** Asks the browser not to delete the site's data when storage gets short; downloads and imports do so by themselves. */
  async persist(): Promise<boolean> {
    return askToPersist();
  }

  /** @internal A whole model as it crosses to the engine's thread; one that is on a server is downloaded first. */
  async plainSource(source: StoredSource, options: DownloadOptions = {}): Promise<PlainSource> {
    const name = nameIn(source) ?? (await this.download(source as DownloadSource, options).result).name;
    return plainSourceOf(this.place, await this.whole(name));
  }

  private async whole(name: string): Promise<ModelRecord> {
    const record = await this.place.record(checkedText(name));
    if (record?.isComplete) return record;
    const what = record ? 'is not whole yet; download it again to go on' : 'is not in the store';
    throw new ResourceError(`${name} ${what}${record ? '' : await this.known()}`);
  }

  private async known(): Promise<string> {
    const names = (await this.place.records())
      .filter(({ isComplete }: ModelRecord) => isComplete)
      .map(({ name }) => name);
    return names.length > 0 ? `; it has ${names.join(', ')}` : ', which is empty';
  }
}

function checkedText(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new TypeError(
    `the name of the model is ${name === '' ? 'empty' : kindOf(name)}, expected one that the store has`,
  );
}

/** What a source of the store is called; undefined for one that is downloaded. */
function nameIn(source: StoredSource): string | undefined {
  if (typeof source !== 'object' || source === null || !('store' in source)) return undefined;
  checkNames('part of a source', source, ['store']);
  return checkedText(source.store);
}

/** Several Files are one model in shards. Somebody may have picked several models. */
function checkShards(source: object | string): void {
  const files = typeof source === 'object' && 'length' in source ? Array.from(source as ArrayLike<unknown>) : [];
  const names = files.map((file) => (file as File | undefined)?.name);
  const other = names.find((name) => typeof name === 'string' && !parseShardName(name));
  if (files.length > 1 && other !== undefined)
    throw new TypeError(
      `${JSON.stringify(other)} is no shard of a model in ${files.length} files; import models one after the other`,
    );
}

/** URLs do not cross to another thread. */
const cloneable = (source: DownloadSource): DownloadSource =>
  'url' in source ? { ...source, url: new URL(source.url, globalThis.location?.href).href } : source;
