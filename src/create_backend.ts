import { referenceBackend } from './backends/reference/reference.ts';
import type { BackendFactory } from './open_model.ts';

/** The backend that the options name, ready for one model. */
export const createBackend: BackendFactory = async ({ options: { backend = 'reference' } }) => {
  if (backend === 'reference') return referenceBackend();
  throw new RangeError(`backend is ${JSON.stringify(backend)}, expected "wasm" or "reference"`);
};
