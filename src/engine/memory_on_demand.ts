import { tellFiles } from './files.ts';
import { files } from '#platform';

/** `memory_needed.ts` where it is asked for: it knows every family and the backend, more than all else that reads model files. */
type Module = typeof import('./memory_needed.ts');

const loaded = async (): Promise<Module> => {
  tellFiles(await files());
  return import('./memory_needed.ts');
};

export const planMemoryOf: Module['planMemoryOf'] = async (file) => (await loaded()).planMemoryOf(file);

export const memoryNeeded: Module['memoryNeeded'] = async (file, options) =>
  (await loaded()).memoryNeeded(file, options);
