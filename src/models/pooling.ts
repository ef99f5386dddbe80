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
