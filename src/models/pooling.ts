import { UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';

/**
 * What becomes of the rows of a text's tokens: all of them, their mean, the first ([CLS]), the last, or a score that a head makes of one;
 * in the order of `pooling_type`.
 */
const poolings = ['none', 'mean', 'cls', 'last', 'rank'] as const;
export type Pooling = (typeof poolings)[number];

/** What a file says. */
export function poolingOf(meta: Metadata, arch: string): Pooling {
  const type = meta.u32(`${arch}.pooling_type`, 0);
  const pooling = poolings[type];
  if (pooling) return pooling;
  throw new UnsupportedError(
    `${arch}.pooling_type is ${type}; supported: 0 to ${poolings.length - 1} (${poolings.join(', ')})`,
  );
}

/** The same of a family that makes embeddings: where the file says nothing, the mean, as in sentence-transformers. */
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
export const labelsOf = (meta: Metadata): number =>
  Math.max(1, meta.texts('classifier.output_labels', undefined)?.length ?? 0);
