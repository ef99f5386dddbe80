import { checkFinite } from '../../quants/finite.ts';
import { bytesOf, elementsOf, type Tensor } from '../../graph/tensor.ts';
import type { UploadOptions } from '../backend.ts';
import type { ProgramHome } from './program.ts';

/** Streams weights to the device. */
export async function uploadWeights(home: ProgramHome, tensors: readonly Tensor[], options: UploadOptions) {
  let doneBytes = 0;
  for (const tensor of tensors) {
    options.signal?.throwIfAborted();
    await uploadVector(home, tensor, options);
    doneBytes += bytesOf(tensor);
    options.onProgress?.(doneBytes);
  }
}

async function uploadVector({ memory, gpu, weights }: ProgramHome, tensor: Tensor, { read }: UploadOptions) {
  const bytes = new Uint8Array(bytesOf(tensor));
  await read(tensor, 0, bytes);
  const floats = new Float32Array(elementsOf(tensor));
  tensor.quant.dequantize!(bytes, floats);
  checkFinite(tensor.name, floats);
  const buffer = memory.storage(tensor.name, floats.byteLength);
  gpu.device.queue.writeBuffer(buffer, 0, floats);
  weights.addVector(tensor.name, buffer);
}
