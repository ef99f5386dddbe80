import type { Backend, ReadTensor, UploadOptions } from '../backends/backend.ts';
import { asError, FormatError } from '../base/errors.ts';
import type { Tensor } from '../graph/tensor.ts';

/**
 * A backend on a GPU, until its upload ends. Where the GPU fails in it (a kernel is wrong, memory ends, the device is lost), it is given
 * back, and WebAssembly takes its place.
 */
export function gpuOrWasm(gpu: Backend, wasm: (why: Error) => Promise<Backend>): Backend {
  let taken = gpu;
  const upload: Backend['upload'] = async (weights, options) => {
    const { isOfFile, ...how } = forTwo(options);
    try {
      await taken.upload(weights, how);
    } catch (error) {
      if (options.signal?.aborted || isOfFile(error)) throw error;
      await taken.dispose(); // first: its memory may be what the other one takes
      taken = await wasm(asError(error));
      await taken.upload(weights, how);
    }
  };
  return new Proxy(gpu, {
    get(_, member: keyof Backend) {
      const value: unknown = member === 'upload' ? upload : taken[member];
      return typeof value === 'function' ? (value.bind(taken) as unknown) : value;
    },
  });
}

/** For two uploads, one after the other, that look like one: what came by in the first is read once more, and nothing goes back. */
function forTwo(options: UploadOptions): UploadOptions & { readonly isOfFile: (error: unknown) => boolean } {
  const { read, readAgain = read, onProgress } = options;
  const cameBytes = new Map<Tensor, number>(); // an upload reads each tensor from its beginning on
  const failures = new Set<unknown>();
  let mostBytes = 0;
  const readOnce: ReadTensor = async (tensor, offsetBytes, into) => {
    const came = cameBytes.get(tensor) ?? 0;
    cameBytes.set(tensor, Math.max(came, offsetBytes + into.length));
    const nAgain = Math.min(into.length, Math.max(0, came - offsetBytes));
    if (nAgain > 0) await readAgain(tensor, offsetBytes, into.subarray(0, nAgain));
    if (nAgain < into.length) await read(tensor, offsetBytes + nAgain, into.subarray(nAgain));
  };
  return {
    ...options,
    read: (...where) =>
      readOnce(...where).catch((error: unknown) => {
        failures.add(error);
        throw error;
      }),
    onProgress: (doneBytes) => onProgress?.((mostBytes = Math.max(mostBytes, doneBytes))),
    isOfFile: (error) => error instanceof FormatError || failures.has(error),
  };
}
