import { fileURLToPath } from 'node:url';

/** The first shard of the model that comes with the project. */
export const embedded = fileURLToPath(
  new URL('../../models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf', import.meta.url),
);
