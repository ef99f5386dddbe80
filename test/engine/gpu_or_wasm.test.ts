import { describe, expect, it } from 'vitest';
import type { Backend, UploadOptions } from '../../src/backends/backend.ts';
import { referenceBackend } from '../../src/backends/reference/reference.ts';
import { FormatError, ResourceError } from '../../src/base/errors.ts';
import type { ByteSource } from '../../src/bytes/source.ts';
import { gpuOrWasm } from '../../src/engine/gpu_or_wasm.ts';
import { loadModel, type LoadOptions } from '../../src/engine/load_model.ts';
import { openGguf } from '../../src/gguf/open.ts';
import { memorySource } from '../helpers/gguf_bytes.ts';
import { allLogits, openBytes } from '../helpers/open.ts';
import { tinyModel, tinyPrompt } from '../helpers/tiny_models.ts';

const bytes = tinyModel('llama-chat');

/** Opens the model from a source, in this thread. */
async function open(source: ByteSource, backend: Backend, around: LoadOptions = {}) {
  const file = await openGguf(source, { openSibling: () => Promise.reject(new Error('one file')) });
  return loadModel(file, { nCtx: 64 }, async () => backend, around);
}

/** A backend that takes a part of the weights, reads a part of one more, and fails. */
function failing(error: Error, fail = (): void => undefined): Backend & { nDisposed: number } {
  const backend = referenceBackend();
  return {
    ...backend,
    name: 'failing',
    nDisposed: 0,
    async upload(weights, how: UploadOptions) {
      await backend.upload(weights.slice(0, 3), how);
      const { quant } = weights[3]!;
      await how.read(weights[3]!, 0, new Uint8Array(4 * quant.blockBytes));
      fail();
      throw error;
    },
    dispose() {
      this.nDisposed++;
    },
  };
}

describe('a GPU that fails while a model is loaded', () => {
  it('gives its place to the other backend, and nobody sees that weights were read twice', async () => {
    const gpu = failing(new ResourceError('the GPU was lost'));
    const reasons: string[] = [];
    const done: number[] = [];
    const other = async ({ message }: Error) => {
      reasons.push(message);
      expect(gpu.nDisposed).toBe(1);
      return referenceBackend();
    };
    const onProgress = ({ doneBytes }: { doneBytes: number }) => void done.push(doneBytes);
    const model = await open(memorySource(bytes), gpuOrWasm(gpu, other), { onProgress });
    expect(model.info.backend).toBe('reference');
    expect(reasons).toEqual(['the GPU was lost']);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    const plain = await openBytes(bytes, { nCtx: 64 });
    expect(await allLogits(model, tinyPrompt)).toEqual(await allLogits(plain, tinyPrompt));
    const session = model.openSession();
    for await (const _ of session.logits(tinyPrompt));
    await plain.openSession().restore(await session.save()); // the weights have the same name
  });

  const other = () => Promise.reject(new Error('the other backend was asked'));

  it('keeps its place where it is not what failed', async () => {
    const damaged = failing(new FormatError('not a number'));
    await expect(open(memorySource(bytes), gpuOrWasm(damaged, other))).rejects.toThrow('not a number');
    const stop = new AbortController();
    const stopped = failing(new ResourceError('lost'), () => stop.abort());
    await expect(open(memorySource(bytes), gpuOrWasm(stopped, other), stop)).rejects.toThrow('lost');
    const whole = memorySource(bytes);
    const short: ByteSource = {
      ...whole,
      read: (at, into, signal) =>
        at + into.length > 0.9 * bytes.length
          ? Promise.reject(new ResourceError('the file is gone'))
          : whole.read(at, into, signal),
    };
    await expect(open(short, gpuOrWasm(referenceBackend(), other))).rejects.toThrow('the file is gone');
  });
});
