/** Conversations, personas, settings, documents and saved sessions, on this device alone. */
export type * from './types.ts';
export { children, leafBelow, pathTo, siblings } from './branches.ts';
export { ImportError, StorageError } from './errors.ts';
export { newId } from './ids.ts';
export { openStorage } from './storage.ts';
