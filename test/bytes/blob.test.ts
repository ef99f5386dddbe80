import { openAsBlob } from 'node:fs';
import { appendFile, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ResourceError } from '../../src/base/errors.ts';
import { blobSource } from '../../src/bytes/blob.ts';

const content = Uint8Array.from({ length: 5000 }, (_, i) => i * 3);

it('reads any range of a Blob, into shared memory too', async () => {
  const source = blobSource(new Blob([content]), 'picked.gguf');
  const shared = new Uint8Array(new SharedArrayBuffer(300), 50, 100);
  await source.read(1234, shared);
  expect([source.name, source.size]).toEqual(['picked.gguf', 5000]);
  expect([...shared]).toEqual([...content.subarray(1234, 1334)]);
});

it("goes by a File's own name", () => {
  expect(blobSource(new File([content], 'own.gguf')).name).toBe('own.gguf');
});

it('reads more than one piece', async () => {
  const long = new Uint8Array(17 * 2 ** 20).map((_, i) => i >> 8);
  const into = new Uint8Array(long.length - 10);
  await blobSource(new Blob([long])).read(10, into);
  expect(Buffer.compare(into, long.subarray(10))).toBe(0);
});

it('refuses to read past the end, and stops on an AbortSignal', async () => {
  const source = blobSource(new Blob([content]), 'b');
  await expect(source.read(4990, new Uint8Array(20))).rejects.toThrow(ResourceError);
  await expect(source.read(0, new Uint8Array(20), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
});

it('says so when the file behind a Blob changed', async () => {
  const path = join(tmpdir(), `thimble-blob-${process.pid}.bin`);
  await writeFile(path, content);
  try {
    const source = blobSource(await openAsBlob(path), 'picked.gguf');
    await source.read(0, new Uint8Array(10));
    await appendFile(path, 'more');
    await expect(source.read(0, new Uint8Array(10))).rejects.toThrow(
      /cannot read picked.gguf: .*did it change or move/,
    );
  } finally {
    await unlink(path);
  }
});
