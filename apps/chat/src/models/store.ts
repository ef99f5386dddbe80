/**
 * Models on this device. Until the library's own store is there, files are held in memory: they are fetched again (from the browser's
 * cache where it kept them) after a reload.
 */
import type { Model, OpenModelOptions } from 'thimble';

export type StoredSource =
  | { readonly url: string; readonly urls?: readonly string[]; readonly sha256?: string; readonly name?: string }
  | { readonly hf: string; readonly sha256?: string; readonly name?: string };

export interface StoredModel {
  readonly name: string;
  readonly sizeBytes: number;
  readonly doneBytes: number;
  readonly isComplete: boolean;
  readonly from: string;
}

export interface StoreProgress {
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number;
}

export interface Download {
  readonly result: Promise<StoredModel>;
  pause(): void;
  resume(): void;
  cancel(): void;
}

export interface StoreUsage {
  readonly usedBytes: number;
  readonly quotaBytes: number;
  readonly isPersistent: boolean;
}

interface Held extends StoredModel {
  readonly files: readonly File[];
}

const held = new Map<string, Held>();

export const list = async (): Promise<readonly StoredModel[]> => [...held.values()];

export async function usage(): Promise<StoreUsage> {
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined);
  const isPersistent = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
  const usedBytes = [...held.values()].reduce((sum, { doneBytes }) => sum + doneBytes, 0);
  return { usedBytes, quotaBytes: estimate?.quota ?? 0, isPersistent };
}

export function download(
  source: StoredSource,
  { name, onProgress }: { readonly name: string; readonly onProgress: (progress: StoreProgress) => void },
): Download {
  const controller = new AbortController();
  const urls = 'hf' in source ? [addressOf(source.hf)] : (source.urls ?? [source.url]);
  const result = fetched(urls, { onProgress, signal: controller.signal }).then((files) => {
    const sizeBytes = files.reduce((sum, { size }) => sum + size, 0);
    const model = { name, sizeBytes, doneBytes: sizeBytes, isComplete: true, from: urls[0]!, files };
    held.set(name, model);
    return model;
  });
  const stop = () => controller.abort();
  return { result, pause: stop, resume: () => undefined, cancel: stop };
}

/** `org/repo/file.gguf` on Hugging Face. */
export function addressOf(hf: string): string {
  const [org, repo, ...file] = hf.split('/');
  return `https://huggingface.co/${org}/${repo}/resolve/main/${file.join('/')}`;
}

async function fetched(
  urls: readonly string[],
  { onProgress, signal }: { onProgress: (progress: StoreProgress) => void; signal: AbortSignal },
): Promise<File[]> {
  const answers = await Promise.all(urls.map((url) => fetch(url, { signal })));
  const totalBytes = answers.reduce((sum, { headers }) => sum + Number(headers.get('Content-Length')), 0);
  const begin = performance.now();
  let doneBytes = 0;
  const files: File[] = [];
  for (const [i, answer] of answers.entries()) {
    const name = decodeURIComponent(urls[i]!.split(/[?#]/)[0]!.split('/').at(-1)!);
    if (!answer.ok) throw new Error(`${name} answered ${answer.status}, not a file; check the address`);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const reader = answer.body!.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      pieces.push(next.value);
      doneBytes += next.value.length;
      const bytesPerSecond = doneBytes / ((performance.now() - begin) / 1000);
      onProgress({ doneBytes, totalBytes, bytesPerSecond, secondsLeft: (totalBytes - doneBytes) / bytesPerSecond });
    }
    files.push(new File(pieces, name));
  }
  return files;
}

export async function importFiles(files: readonly File[], { name }: { readonly name: string }): Promise<StoredModel> {
  const sizeBytes = files.reduce((sum, { size }) => sum + size, 0);
  const model = { name, sizeBytes, doneBytes: sizeBytes, isComplete: true, from: 'a file', files };
  held.set(name, model);
  return model;
}

export async function remove(name: string): Promise<void> {
  held.delete(name);
}

/** Opens a model that is here. */
export async function openStored(
  name: string,
  openModel: typeof import('thimble').openModel,
  options: OpenModelOptions,
): Promise<Model> {
  const model = held.get(name);
  if (!model) throw new Error(`${name} is not on this device; get it again`);
  return openModel(model.files, options);
}
