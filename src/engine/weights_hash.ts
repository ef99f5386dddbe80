import type { ReadTensor } from '../backends/backend.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { Tensor } from '../graph/tensor.ts';
import { mixBits } from '../base/numbers.ts';

/** One byte in so many is looked at; a prime, so that no column or block is always left out. */
const STRIDE = 509;

/** Tells weights apart by names, types, shapes, a sample of their bytes, and the keys that say what is computed with them. */
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
    const seed = textHash(`${name} ${quant.name} ${shape.join(',')}`);
    seeds.set(name, seed);
    add(seed, 0, 0);
  }
  // The same numbers mean something else with other angles, windows or norms.
  const prefix = `${file.metadata.string('general.architecture')}.`;
  for (const [key, { value }] of file.metadata.entries()) {
    if (key.startsWith(prefix)) add(textHash(`${key} ${String(value)}`), 0, 1);
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
      return `${file.metadata.string('general.name', 'model').slice(0, 100)} ${digits}`; // names of any length do occur
    },
  };
}

/** FNV-1a over the code units. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
