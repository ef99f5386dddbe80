import { UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import { poolingOf, type Pooling } from './pooling.ts';

/** What a file of a family that makes embeddings says; where it says nothing, the mean, as in sentence-transformers. */
export function encoderPooling(meta: Metadata, arch: string): Pooling {
  const pooling = poolingOf(meta, arch);
  return pooling === 'none' ? 'mean' : pooling;
}

/** The same of a family whose models do not rank. */
export function embeddingPooling(meta: Metadata, arch: string): Exclude<Pooling, 'rank'> {
  const pooling = encoderPooling(meta, arch);
  if (pooling !== 'rank') return pooling;
  throw new UnsupportedError(`${arch}.pooling_type is 4 (rank); this family has formulas for embeddings only`);
}

/** Scores that a ranking head makes; the first one counts. */
export const labelsOf = (meta: Metadata, arch: string): number =>
  Math.max(1, meta.texts(`${arch}.classifier.output_labels`, undefined)?.length ?? 0);
