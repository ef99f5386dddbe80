import { FormatError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';

/**
 * The most that a header may claim. Before anything is allocated, a length is also compared with the bytes left in the file;
 * so these limits bound work and memory for files that really are that long.
 */
export const limits = {
  headerBytes: { max: 128 * 2 ** 20, why: 'a 260,000-piece vocabulary with its merges takes under 20 MB' },
  metadataEntries: { max: 65_536, why: 'real files have under 200' },
  tensors: { max: 65_536, why: 'the largest mixtures of experts have a few thousand' },
  keyBytes: { max: 65_535, why: 'the GGUF specification caps keys there' },
  tensorNameBytes: { max: 256, why: 'the GGUF specification says 64, image models write somewhat longer ones' },
  stringBytes: { max: 8 * 2 ** 20, why: 'the longest strings are chat templates, well under 1 MB' },
  arrayLength: { max: 4_194_304, why: 'the largest vocabularies have 262,144 pieces and 600,000 merges' },
  arrayDepth: { max: 4, why: 'arrays inside arrays are rare, and recursion must end' },
  nestedArrays: { max: 65_536, why: 'every nested array is an object in memory, 12 bytes in the file' },
  dimensions: { max: 4, why: 'ggml tensors have four dimensions' },
  tensorElements: { max: Number.MAX_SAFE_INTEGER, why: 'beyond 2^53 sizes and offsets are no longer exact' },
  alignment: { max: 2 ** 20, why: 'writers use 32; the largest memory pages that matter are 64 KiB' },
} as const;

/** Refuses `value` above the named limit; `where` starts the message. */
export function checkLimit(limit: keyof typeof limits, value: number, where: string): void {
  const { max, why } = limits[limit];
  if (value > max)
    throw new FormatError(`${where}: ${limit} is ${counted(value)}, at most ${counted(max)} (${why}); corrupted file?`);
}

/** A name out of a file as a message may show it: quoted, control characters escaped, not endless. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
