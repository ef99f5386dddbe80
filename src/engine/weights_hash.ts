import type { ReadTensor } from '../backends/backend.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { Tensor } from '../graph/tensor.ts';
import { mixBits } from '../base/numbers.ts';

/** One byte in so many is looked at; a prime, so that no column or block is always left out. */
const STRIDE = 509;

/** Tells weights apart by names, types, shapes and a sample of their bytes. */
export interface WeightsHash {
  /** `read`, which also looks at what comes by. */
  readonly read: ReadTensor;
  /** The name of the weights once every tensor has been read: the model's name, then 16 hexadecimal digits. */
  name(): string;
}

/**
 * A hash that is taken while weights stream in, whatever pieces they come in and in which order: each sampled byte adds a number that
 * depends on its tensor, its place and itself.
 */
export function weightsHash(file: GgufFile, read: ReadTensor): WeightsHash {
  let [low, high] = [0, 0];
  const add = (seed: number, at: number, byte: number): void => {
    const mixed = mixBits(mixBits(seed ^ byte) + at);
    low = (low + mixed) | 0;
    high = (high + mixBits(mixed ^ 0x9e3779b9)) | 0;
  };
  const seeds = new Map<string, number>();
  for (const { name, quant, shape } of file.tensors.values()) {
    let seed = 0x811c9dc5;
    const text = `${name} ${quant.name} ${shape.join(',')}`;
    for (let i = 0; i < text.length; i++) seed = Math.imul(seed ^ text.charCodeAt(i), 0x01000193); // FNV-1a
    seeds.set(name, seed);
    add(seed, 0, 0);
  }
  return {
    async read(tensor: Tensor, offsetBytes: number, into: Uint8Array) {
      await read(tensor, offsetBytes, into);
      const seed = seeds.get(tensor.name)!;
      const first = (STRIDE - (offsetBytes % STRIDE)) % STRIDE;
      for (let i = first; i < into.length; i += STRIDE) add(seed, offsetBytes + i + 1, into[i]!);
    },
    name() {
      const digits = [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
      return `${file.metadata.string('general.name', 'model')} ${digits}`;
    },
  };
}
