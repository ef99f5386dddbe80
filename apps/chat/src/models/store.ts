/** The library's store of models: the app's only way to it. It is loaded when it is first asked for something. */
import type {
  DownloadSource,
  Download,
  Model,
  ModelStore,
  OpenModelOptions,
  StoredModel,
  StoreProgress,
  StoreUsage,
} from 'thimble';

export type { Download, DownloadSource, StoredModel, StoreProgress, StoreUsage };

let opened: Promise<ModelStore> | undefined;

/** A store that did not open is tried again the next time. */
export function store(): Promise<ModelStore> {
  opened ??= import('thimble').then(({ modelStore }) => modelStore());
  opened.catch(() => (opened = undefined));
  return opened;
}

/** Opens a model that is here. */
export const openStored = (
  name: string,
  openModel: typeof import('thimble').openModel,
  options: OpenModelOptions,
): Promise<Model> => openModel({ store: name }, options);

/** `org/repo/file.gguf` on Hugging Face. */
export function addressOf(hf: string): string {
  const [org, repo, ...file] = hf.split('/');
  return `https://huggingface.co/${org}/${repo}/resolve/main/${file.join('/')}`;
}

/** Where a source is fetched from, for the list of requests. */
export const urlOf = (source: DownloadSource): string =>
  'hf' in source ? addressOf(source.hf) : new URL(source.url, document.baseURI).href;

/** The source of a model that is not whole, out of what the store kept of it; undefined for files. */
export function sourceFrom({ name, from }: StoredModel): DownloadSource | undefined {
  if (from.startsWith('hf:')) return { hf: from.slice(3), name };
  return /^https?:/.test(from) ? { url: from, name } : undefined;
}
