import { afterEach, describe, expect, it, vi } from 'vitest';
import { notes } from '../../src/platform/web_notes.ts';

/** A browser's database that fails in some way. */
function withDatabase(database: unknown): { readonly opening: { onsuccess?: () => void } } {
  const opening: { onsuccess?: () => void; result: unknown } = { result: database };
  vi.stubGlobal('indexedDB', { open: () => opening });
  return { opening };
}

describe('notes of a page', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('are none where the database has no place for them', async () => {
    const close = vi.fn();
    const transaction = () => {
      throw new DOMException('no such store', 'NotFoundError');
    };
    const { opening } = withDatabase({ transaction, close });
    const reading = notes.read('a');
    opening.onsuccess!();
    expect(await reading).toBeUndefined();
    expect(close).toHaveBeenCalledOnce();
  });

  it('are none where the browser never answers', async () => {
    vi.useFakeTimers();
    withDatabase({});
    const reading = notes.read('a');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await reading).toBeUndefined();
  });
});
