/** Documents that a user attaches: read, split and searched on this device. */
export type { ChooseOptions, PassageSearch, ReadOptions, ReadText } from './types.ts';
export { createPassageSearch } from './choose.ts';
export { DocumentError } from './errors.ts';
export { withPassages } from './prompt.ts';
export { documentTypes, readDocument } from './read.ts';
