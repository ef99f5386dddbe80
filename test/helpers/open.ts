import { openGguf } from '../../src/gguf/open.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import { loadModel, type LoadedModel } from '../../src/engine/load_model.ts';
import type { AdapterOpening } from '../../src/protocol/adapters.ts';
import type { OpenOptions } from '../../src/protocol/open.ts';
import { referenceBackend } from '../../src/backends/reference/reference.ts';
import { memorySource } from './gguf_bytes.ts';

export const reference: BackendFactory = () => Promise.resolve(referenceBackend());

/** Opens a model from the bytes of a file, in this thread. */
export async function openBytes(
  bytes: Uint8Array,
  options: OpenOptions = {},
  backend: BackendFactory = reference,
): Promise<LoadedModel> {
  const openSibling = () => Promise.reject(new Error('one file only'));
  return loadModel(await openGguf(memorySource(bytes), { openSibling }), options, backend);
}

/** Every row of logits of a token list, `[nTokens][nVocab]`. */
export async function allLogits(model: LoadedModel, tokens: readonly number[]): Promise<Float32Array[]> {
  const session = model.openSession();
  const rows = await rowsOfLogits(session.logits(tokens), model.tokenizer.nVocab);
  session.close();
  return rows;
}

/** The rows that come some at a time, one by one. */
export async function rowsOfLogits(pieces: AsyncIterable<Float32Array>, nVocab: number): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for await (const some of pieces) {
    for (let at = 0; at < some.length; at += nVocab) rows.push(some.slice(at, at + nVocab));
  }
  return rows;
}

export interface AdapterBytes extends AdapterOpening {
  readonly bytes: Uint8Array;
}

/** The same with adapters. */
export async function openAdapted(
  bytes: Uint8Array,
  adapters: readonly AdapterBytes[],
  options: OpenOptions = {},
  backend: BackendFactory = reference,
): Promise<LoadedModel> {
  const openSibling = () => Promise.reject(new Error('one file only'));
  const open = (bytes: Uint8Array) => openGguf(memorySource(bytes), { openSibling });
  const given = adapters.map(async ({ bytes, ...opening }) => ({ ...opening, file: await open(bytes) }));
  return loadModel(await open(bytes), options, backend, { adapters: await Promise.all(given) });
}
