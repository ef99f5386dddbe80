import { fileURLToPath } from 'node:url';
import { stories260kGguf } from '../helpers/stories260k.ts';

/** The embedded model's first shard. */
export const embedded = fileURLToPath(
  new URL('../../models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf', import.meta.url),
);

/** stories260K as a Blob: a model source that works in every runtime. */
export const storiesBlob = async (): Promise<Blob> => new Blob([await stories260kGguf()]);
