import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { modelStore, type DownloadSource, type ModelStore, type StoreProgress } from '../../src/index.ts';
import { fakeModel, sha256, startServer, type FaultyServer } from './server.ts';

/** The downloader in Node, against a server that does what servers do. */

const patience = { stallMs: 400, firstMs: 5, mostMs: 20, nTries: 4 };
const MiB = 2 ** 20;
const big = fakeModel(20 * MiB + 12_345);

let server: FaultyServer;
let directory: string;
let store: ModelStore;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'thimble-store-'));
  store = await modelStore({ directory });
  server.files.clear();
  server.files.set('big.gguf', big);
  server.seen.length = 0;
  Object.assign(server, { sentBytes: 0, bytesPerSecond: Infinity, goodFor: Infinity, isDown: false });
});
afterEach(() => rm(directory, { recursive: true }));

const start = (source: DownloadSource, more: object = {}) => store.download(source, { patience, ...more } as object);
const content = async (name = 'big.gguf') => sha256(await readFile(join(directory, name)));

describe('a good server', () => {
  it('sends a file in ranges, which lies in the folder under its own name', async () => {
    const told: StoreProgress[] = [];
    const model = await start(
      { url: server.url('good', 'big.gguf') },
      { onProgress: (each: StoreProgress) => told.push(each) },
    ).result;
    expect(model).toMatchObject({
      name: 'big.gguf',
      sizeBytes: big.length,
      doneBytes: big.length,
      isComplete: true,
      sha256: sha256(big),
      isVerified: false,
    });
    expect(await content()).toBe(sha256(big));
    expect(server.seen.filter(({ range }) => range && range !== 'bytes=0-0')).toHaveLength(3);
    expect(told[0]).toMatchObject({ state: 'starting', doneBytes: 0 });
    expect(told.at(-1)).toMatchObject({ state: 'done', doneBytes: big.length, totalBytes: big.length });
    expect((await readdir(directory)).sort()).toEqual(['.thimble', 'big.gguf']);
  });
});
