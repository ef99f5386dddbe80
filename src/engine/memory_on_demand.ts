/** `memory_needed.ts` where it is asked for: it knows every family and the backend, more than all else that reads model files. */
type Module = typeof import('./memory_needed.ts');

export const planMemoryOf: Module['planMemoryOf'] = async (file) =>
  (await import('./memory_needed.ts')).planMemoryOf(file);

export const memoryNeeded: Module['memoryNeeded'] = async (file, options) =>
  (await import('./memory_needed.ts')).memoryNeeded(file, options);
