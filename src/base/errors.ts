/**
 * Errors of the world outside the caller's control. A caller's own mistake is a built-in `TypeError` or `RangeError`;
 * cancellation is the platform's `AbortError`.
 *
 * Every message says where, what came, what was expected, and what to do:
 * `blk.3.attn_q.weight needs 9,437,184 bytes at 104,857,600, the file ends at 113,246,208; truncated download?`
 */

/** The file is not what its format says: truncated, corrupted, hostile or inconsistent. */
export class FormatError extends Error {
  override name = 'FormatError';
}

/** The file or request is fine, but this build or this device cannot do it. The message lists what is supported. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError';
}

/** Memory, storage, a thread or the network could not be had, or went away. */
export class ResourceError extends Error {
  override name = 'ResourceError';
}

/** Whatever was thrown, as an error. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
