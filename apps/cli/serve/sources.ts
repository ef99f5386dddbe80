/** The models that a server has: those named on the command line, those of a folder, those of the store. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { modelStore, ResourceError, type ModelStore } from '../../../src/index.ts';
import type { DescribedSource, NamedSources } from '../../../src/server.ts';
import { defaultModel, modelPath } from '../models.ts';

/** Of a model in several files the first stands for all. */
const isFirstFile = (name: string): boolean => /\.gguf$/i.test(name) && !/-(?!00001)\d{5}-of-\d{5}\.gguf$/i.test(name);

/** What requests call a file: its name without what is the same in all of them. */
export const servedName = (path: string): string => basename(path).replace(/(-00001-of-\d{5})?\.gguf$/i, '');

async function described(path: string): Promise<DescribedSource> {
  const { size, mtimeMs } = await stat(path);
  return { source: path, sizeBytes: size, addedAt: mtimeMs, file: basename(path) };
}

/** Models by name. @throws ResourceError where two have the same one */
export async function namedModels(
  given: readonly string[],
  signal: AbortSignal,
): Promise<Record<string, DescribedSource>> {
  const models: Record<string, DescribedSource> = {};
  for (const each of given) {
    const path = await modelPath(each, signal);
    const name = path === each ? servedName(path) : each; // a name of the store, a short one, or an address
    if (Object.hasOwn(models, name))
      throw new ResourceError(`two models would be called ${name}; serve one of them, or rename a file`);
    models[name] = await described(path);
  }
  return models;
}

/** Where two files would have one name, all of it. */
const nameIn = (files: readonly string[], file: string): string =>
  files.filter((other) => servedName(other) === servedName(file)).length > 1 ? file : servedName(file);

/** What a folder has at the moment. */
export async function folderModels(folder: string): Promise<NamedSources> {
  const found = await readdir(folder, { withFileTypes: true });
  const files = found.filter((entry) => !entry.isDirectory() && isFirstFile(entry.name)).map(({ name }) => name);
  const models = files.sort().map((file) =>
    described(join(folder, file)).then(
      (model): [string, DescribedSource][] => [[nameIn(files, file), model]],
      () => [], // a link to nothing, or a file that is gone
    ),
  );
  return Object.fromEntries((await Promise.all(models)).flat());
}

/** What there is without a word about it: the store, and the embedded model where it is here. */
export async function allModels(
  signal: AbortSignal,
): Promise<{ readonly models: NamedSources; readonly store: ModelStore }> {
  const embedded = await modelPath(defaultModel, signal).then(described, () => undefined);
  return { models: embedded ? { [defaultModel]: embedded } : {}, store: await modelStore() };
}
