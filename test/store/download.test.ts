import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  modelStore,
  openModel,
  type DownloadOptions,
  type DownloadProgress,
  type DownloadSource,
  type ModelStore,
  type StoreProgress,
} from 'thimble';
import { merkleRoot } from '../../src/store/merkle.ts';
import { hexOf } from '../../src/store/sha256.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { fakeModel, sha256, startServer, type FaultyServer } from './server.ts';

/** The downloader in Node, against a server that does what servers do. */

const patience = { stallMs: 20_000, firstMs: 5, mostMs: 20, nTries: 8 };
const hasty = { ...patience, stallMs: 600 };
const MiB = 2 ** 20;
const big = fakeModel(20 * MiB + 12_345);
const other = fakeModel(20 * MiB + 12_345, 2);
const small = fakeModel(300_000, 3);

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
  server.reset();
  server.files.set('big.gguf', big).set('small.gguf', small);
});
afterEach(() => rm(directory, { recursive: true, maxRetries: 5 }));

interface More {
  readonly onProgress?: (progress: StoreProgress) => void;
  readonly signal?: AbortSignal;
  readonly nConnections?: number;
}

const start = (source: DownloadSource, more: More = {}) =>
  store.download(source, { patience, ...more } as DownloadOptions);
const isAboutStalls = (manner: string) => ['stalls', 'never'].includes(manner);
const get = (manner: string, more: Partial<DownloadSource> = {}) =>
  store.download(
    { url: server.url(manner, 'big.gguf'), ...more } as DownloadSource,
    {
      patience: isAboutStalls(manner) ? hasty : patience,
    } as DownloadOptions,
  ).result;
const content = async (name = 'big.gguf') => sha256(await readFile(join(directory, name)));
const isBig = { isComplete: true, sha256: sha256(big), doneBytes: big.length };
const dataRequests = () => server.seen.filter(({ range }) => range !== undefined && range !== 'bytes=0-0');
const error = (name: string, message: RegExp) =>
  expect.objectContaining({ name, message: expect.stringMatching(message) });

/** Starts a download and stops it somewhere behind the second part. */
async function stopMidway(source: DownloadSource): Promise<void> {
  const stop = new AbortController();
  server.bytesPerSecond = 60 * MiB;
  const download = start(source, {
    signal: stop.signal,
    nConnections: 1,
    onProgress({ doneBytes }) {
      if (doneBytes > 10 * MiB) server.bytesPerSecond = 10 * MiB;
      if (doneBytes > 16.5 * MiB) stop.abort();
    },
  });
  await expect(download.result).rejects.toMatchObject({ name: 'AbortError' });
  server.bytesPerSecond = Infinity;
}

describe('a good server', () => {
  it('sends a file in ranges, which lies in the folder under its own name', async () => {
    const told: StoreProgress[] = [];
    const model = await start({ url: server.url('good', 'big.gguf') }, { onProgress: (each) => told.push(each) })
      .result;
    expect(model).toMatchObject({ name: 'big.gguf', sizeBytes: big.length, isVerified: false, nShards: 1, ...isBig });
    expect(model.files[0]!.path).toBe(join(directory, 'big.gguf'));
    expect(await content()).toBe(sha256(big));
    expect(dataRequests()).toHaveLength(3);
    expect(told[0]).toMatchObject({ state: 'starting', doneBytes: 0 });
    expect(told.at(-1)).toMatchObject({ state: 'done', doneBytes: big.length, totalBytes: big.length });
    expect((await readdir(directory)).sort()).toEqual(['.thimble', 'big.gguf']);
  });

  it('is not asked again for what is there', async () => {
    await get('good');
    const nSeen = server.seen.length;
    expect(await get('good')).toMatchObject(isBig);
    expect(server.seen).toHaveLength(nSeen);
  });

  it('gets the headers that were given, and they are not kept', async () => {
    await expect(get('forbidden')).rejects.toThrow(
      error('ResourceError', /answered 401 .*; give what it asks for, such as \{ headers/),
    );
    const headers = { Authorization: 'Bearer good' };
    expect(await get('forbidden', { headers })).toMatchObject(isBig);
    for (const file of await readdir(join(directory, '.thimble')))
      expect(await readFile(join(directory, '.thimble', file), 'utf8')).not.toContain('Bearer');
  });

  it('sends all shards of a model', async () => {
    const names = [1, 2, 3].map((n) => `tiny-0000${n}-of-00003.gguf`);
    names.forEach((name, i) => server.files.set(name, fakeModel(100_000 + i, i)));
    const hashes = names.map((name) => sha256(server.files.get(name)!));
    const model = await start({ url: server.url('good', names[0]!), sha256: hashes }).result;
    expect(model).toMatchObject({ nShards: 3, isVerified: true, sizeBytes: 300_003, name: names[0] });
    for (const [i, name] of names.entries()) expect(await content(name)).toBe(hashes[i]);
    await store.delete(names[0]!);
    expect(await readdir(directory)).toEqual(['.thimble']);
  });
});

describe('what goes on in spite of it', () => {
  it.each([
    'noRanges',
    'dropsRanges',
    'breaksOff',
    'stalls',
    'busy',
    'htmlMidway',
    'otherPart',
    'hidden',
    'noLength',
    'packed',
    'packedAlways',
  ])('%s', async (manner) => {
    expect(await get(manner, { sha256: sha256(big) })).toMatchObject({ ...isBig, isVerified: true });
    expect(await content()).toBe(sha256(big));
  });

  it('waits as long as a server says', async () => {
    server.retryAfter = '1';
    const startMs = performance.now();
    await get('busy');
    expect(performance.now() - startMs).toBeGreaterThan(900);
  });

  it('a network that is away for a while', async () => {
    const states = new Set<string>();
    server.bytesPerSecond = 20 * MiB;
    const download = store.download({ url: server.url('good', 'big.gguf') }, {
      patience: { ...patience, nTries: 1000 },
      onProgress({ state, doneBytes }) {
        states.add(state);
        if (doneBytes < 4 * MiB || states.has('waiting')) return;
        server.goDown();
        setTimeout(() => (server.isDown = false), 300);
      },
    } as DownloadOptions);
    expect(await download.result).toMatchObject(isBig);
    expect([...states]).toEqual(expect.arrayContaining(['running', 'waiting', 'done']));
  });

  it('a file that changes in the middle: all of it is of one version', async () => {
    server.bytesPerSecond = 40 * MiB;
    const onProgress = ({ doneBytes }: StoreProgress) => doneBytes > 5 * MiB && server.files.set('big.gguf', other);
    const model = await start({ url: server.url('good', 'big.gguf') }, { onProgress, nConnections: 1 }).result;
    expect(model.sha256).toBe(sha256(other));
    expect(await content()).toBe(sha256(other));
  });
});

describe('what ends it, and leaves nothing that could be opened', () => {
  it.each([
    ['never', 'ResourceError', /has sent nothing for 0\.6 s \(3 tries\)/],
    ['error500', 'ResourceError', /answered 500 .*\(3 tries\); try again later/],
    ['missing', 'ResourceError', /answered 404 Not Found; check the address/],
    ['html', 'ResourceError', /answered a web page \(HTML\), expected a model file/],
    ['htmlAsFile', 'FormatError', /big\.gguf: a web page \(HTML\) came, expected a GGUF file/],
    ['empty', 'FormatError', /is empty/],
    ['circle', 'ResourceError', /redirects in a circle/],
    ['huge', 'ResourceError', /needs 1,125,899,906,842,624 bytes more, and there is room for [\d,]+; delete a model/],
    ['tooLong', 'ResourceError', /changed while it was fetched|answered/],
  ] as const)('%s', async (manner, name, message) => {
    await expect(get(manner)).rejects.toThrow(error(name, message));
    expect(await store.list()).toEqual([]);
    expect(await readdir(directory)).toEqual(['.thimble']);
  });

  it('poisoned bytes, where the hash is known: nothing of them is kept', async () => {
    await expect(get('poisoned', { sha256: sha256(big) })).rejects.toThrow(
      error('FormatError', /is not the file that it should be: SHA-256 \w{64}, expected \w{64}; nothing of it is kept/),
    );
    expect(await readdir(directory)).toEqual(['.thimble']);
    expect(await store.list()).toEqual([]);
  });

  it('a host that says another hash than the caller, before a byte is fetched', async () => {
    const source = { hf: 'org/repo/big.gguf', endpoint: server.origin, sha256: sha256(other) };
    await expect(start(source).result).rejects.toThrow(error('FormatError', /at the server has SHA-256 .*, expected/));
    expect(dataRequests()).toEqual([]);
  });

  it('a server that nobody can reach', async () => {
    server.isDown = true;
    await expect(get('good')).rejects.toThrow(error('ResourceError', /cannot fetch http.*\(3 tries\)/));
  });
});

describe('resuming', () => {
  const source = () => ({ url: server.url('good', 'big.gguf') });

  it('fetches what is missing, and no more', async () => {
    await stopMidway(source());
    expect(await store.list()).toMatchObject([
      { name: 'big.gguf', isComplete: false, doneBytes: 16 * MiB, sizeBytes: big.length },
    ]);
    expect(await readdir(directory)).toContain('big.gguf.part');
    server.sentBytes = 0;
    expect(await get('good')).toMatchObject(isBig);
    expect(server.sentBytes).toBeLessThan(5 * MiB);
    expect(await content()).toBe(sha256(big));
  });

  it('keeps every whole part at once: a crash while nothing comes any more loses none', async () => {
    server.bytesPerSecond = 60 * MiB;
    const download = start(source(), {
      nConnections: 1,
      onProgress({ doneBytes }) {
        if (doneBytes > 10 * MiB) server.bytesPerSecond = 20 * MiB;
        if (doneBytes > 16 * MiB) server.bytesPerSecond = 1;
      },
    });
    const neighbour = await modelStore({ directory }); // sees what a start after a crash would
    const kept = async () => expect(await neighbour.list()).toMatchObject([{ doneBytes: 16 * MiB }]);
    await vi.waitFor(kept, { timeout: 10_000 });
    await download.cancel();
    await expect(download.result).rejects.toMatchObject({ name: 'AbortError' });
    server.bytesPerSecond = Infinity;
  });

  it('checks what lies there: a damaged part comes again', async () => {
    await stopMidway(source());
    const path = join(directory, 'big.gguf.part');
    const bytes = await readFile(path);
    bytes[9 * MiB]! ^= 1;
    await writeFile(path, bytes);
    server.sentBytes = 0;
    const states = new Set<string>();
    const model = await start(source(), { onProgress: ({ state }) => states.add(state) }).result;
    expect(model).toMatchObject(isBig);
    expect(await content()).toBe(sha256(big));
    expect(states).toContain('checking');
    expect(server.sentBytes).toBeGreaterThan(12 * MiB);
    expect(server.sentBytes).toBeLessThan(13 * MiB);
  });

  it.each(['missing', 'cut', 'torn note'])('%s', async (what) => {
    await stopMidway(source());
    const part = join(directory, 'big.gguf.part');
    if (what === 'missing') await rm(part);
    if (what === 'cut') await writeFile(part, big.subarray(0, 10 * MiB));
    if (what === 'torn note') await writeFile(join(directory, '.thimble', 'big.gguf.json'), '{"name":"big.g');
    expect(await get('good')).toMatchObject(isBig);
    expect(await content()).toBe(sha256(big));
  });

  it('begins again where the file is another one by now', async () => {
    await stopMidway(source());
    server.files.set('big.gguf', other);
    expect((await get('good')).sha256).toBe(sha256(other));
    expect(await content()).toBe(sha256(other));
  });

  it('pauses and goes on; cancels and leaves nothing', async () => {
    server.bytesPerSecond = 20 * MiB;
    const states: string[] = [];
    const download = start(source(), {
      onProgress({ state, doneBytes }) {
        if (state !== states.at(-1)) states.push(state);
        if (doneBytes > 2 * MiB && !states.includes('paused')) download.pause();
      },
    });
    while (!states.includes('paused')) await new Promise((resolve) => setTimeout(resolve, 20));
    const { sentBytes } = server;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.sentBytes - sentBytes).toBeLessThan(2 * MiB);
    server.bytesPerSecond = Infinity;
    download.resume();
    expect(await download.result).toMatchObject(isBig);
    expect(states.slice(0, 4)).toEqual(['starting', 'running', 'paused', 'starting']);
    await store.delete('big.gguf');

    server.bytesPerSecond = 20 * MiB;
    const second = start(source(), { onProgress: ({ doneBytes }) => doneBytes > 2 * MiB && void second.cancel() });
    await expect(second.result).rejects.toMatchObject({ name: 'AbortError' });
    expect(await store.list()).toEqual([]);
    expect(await readdir(directory)).toEqual(['.thimble']);
  });

  it('two downloads of the same: one fetches, the other follows', async () => {
    server.bytesPerSecond = 30 * MiB;
    const states = new Set<string>();
    const first = start(source());
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = start(source(), { onProgress: ({ state }) => states.add(state) });
    expect(await first.result).toMatchObject(isBig);
    expect(await second.result).toMatchObject(isBig);
    expect(states).toContain('waiting');
    expect(server.sentBytes).toBeLessThan(1.1 * big.length);
  });

  it('the follower takes over where the first one stops', async () => {
    server.bytesPerSecond = 30 * MiB;
    const stop = new AbortController();
    const first = start(source(), {
      signal: stop.signal,
      onProgress: ({ doneBytes }) => doneBytes > 5 * MiB && stop.abort(),
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = start(source());
    await expect(first.result).rejects.toMatchObject({ name: 'AbortError' });
    expect(await second.result).toMatchObject(isBig);
  });
});

describe('a hub that redirects', () => {
  const source = () => ({ hf: 'org/repo/sub/big.gguf', endpoint: server.origin });

  it('says the hash; its addresses may expire, and its headers stay with it', async () => {
    server.goodFor = 2;
    const model = await start({ ...source(), headers: { 'X-Mine': 'secret' } }, { nConnections: 1 }).result;
    expect(model).toMatchObject({
      ...isBig,
      name: 'org/repo/sub/big.gguf',
      from: 'hf:org/repo/sub/big.gguf',
      isVerified: true,
    });
    expect(await content('org/repo/sub/big.gguf')).toBe(sha256(big));
    expect(server.seen.filter(({ manner }) => manner === 'hub').length).toBeGreaterThan(1);
  });

  it('is asked where it led, while that is good', async () => {
    await start(source()).result;
    expect(server.seen.filter(({ manner }) => manner === 'hub').length).toBeLessThanOrEqual(3);
  });
});

describe('hashes of chunks', () => {
  const bytes = 3 * MiB + 1;
  const hashes = Array.from({ length: Math.ceil(big.length / bytes) }, (_, i) =>
    sha256(big.subarray(i * bytes, (i + 1) * bytes)),
  );
  const root = hexOf(merkleRoot(hashes.map((hash) => new Uint8Array(Buffer.from(hash, 'hex')))));

  it('find the chunk that is damaged, which comes again alone', async () => {
    expect(await get('poisonedOnce', { chunks: { bytes, sha256: hashes } })).toMatchObject(isBig);
    expect(server.sentBytes).toBeLessThan(big.length + 19 * MiB);
  });

  it('end the download where it stays damaged', async () => {
    const chunks = { bytes, sha256: hashes };
    await expect(get('poisoned', { chunks })).rejects.toThrow(
      error('FormatError', /chunk 3 came 3 times with SHA-256/),
    );
    expect(await readdir(directory)).toEqual(['.thimble']);
  });

  it('may be a root alone, or a list that has it', async () => {
    expect(await get('good', { chunks: { bytes, root } })).toMatchObject(isBig);
    await store.delete('big.gguf');
    expect(await get('good', { chunks: { bytes, root, sha256: hashes } })).toMatchObject(isBig);
    await store.delete('big.gguf');
    const wrong = [...hashes.slice(1), hashes[0]!];
    await expect(get('good', { chunks: { bytes, root, sha256: wrong } })).rejects.toThrow(
      error('FormatError', /does not have the root/),
    );
    await expect(get('poisoned', { chunks: { bytes, root } })).rejects.toThrow(
      error('FormatError', /another Merkle root/),
    );
    await expect(get('good', { chunks: { bytes, sha256: hashes.slice(1) } })).rejects.toThrow(
      error('FormatError', /7 chunks, but 6 hashes/),
    );
  });
});

describe('names', () => {
  it('that another source has are refused, unless the hash says that it is the same', async () => {
    await get('good');
    server.files.set('big.gguf', other);
    await expect(get('noRanges')).rejects.toThrow(
      error('ResourceError', /the store has a big\.gguf from elsewhere \(http.*good\/big.gguf, expected .*noRanges/),
    );
    expect(await get('noRanges', { sha256: sha256(big) })).toMatchObject(isBig);
    await expect(get('good', { sha256: sha256(other) })).rejects.toThrow(
      error('ResourceError', /has a big\.gguf with SHA-256/),
    );
    expect(await get('noRanges', { name: 'second.gguf' })).toMatchObject({
      name: 'second.gguf',
      sha256: sha256(other),
    });
  });

  it('of files that somebody put there are theirs', async () => {
    await writeFile(join(directory, 'big.gguf'), small);
    await expect(get('good')).rejects.toThrow(
      error('ResourceError', /the store has a big\.gguf from elsewhere \(folder/),
    );
    expect(await store.list()).toMatchObject([
      { name: 'big.gguf', isComplete: true, from: 'folder', sizeBytes: small.length },
    ]);
    expect(await content()).toBe(sha256(small));
  });

  it.each(['../x.gguf', '/x.gguf', 'a/../x.gguf', '', 'a\0b', '.thimble/x', 'C:\\x'])('that are none: %j', (name) => {
    expect(() => start({ url: server.url('good', 'big.gguf'), name })).toThrow(
      error('TypeError', /is none for a model/),
    );
  });

  it.each([
    [{ url: 'ftp://host/x.gguf' }, /is no address of a web server/],
    [{ hf: 'org/x.gguf' }, /expected a file of a repository: 'org\/repo\/file\.gguf'/],
    [{ url: 'https://host/x-00002-of-00003.gguf' }, /is shard 2 of 3; give the first one, x-00001-of-00003\.gguf/],
    [{ url: 'https://host/x.gguf', sha256: 'abc' }, /expected 64 hexadecimal digits/],
    [{ url: 'https://host/x.gguf', sha: 'abc' }, /sha/],
  ] as [DownloadSource, RegExp][])('sources that are none: %j', (source, message) => {
    expect(() => start(source)).toThrow(error('TypeError', message));
  });

  it('leave what is secret in an address out', () => {
    expect(store.nameOf({ url: 'https://host/a/x.gguf?token=1' })).toBe('x.gguf');
    expect(store.nameOf({ url: 'https://huggingface.co/org/repo/blob/main/q/x.gguf' })).toBe('org/repo/q/x.gguf');
    expect(store.nameOf({ hf: 'org/repo/x.gguf', revision: 'v2' })).toBe('org/repo@v2/x.gguf');
  });
});

describe('importing', () => {
  it('copies a path, a File, all shards; refuses what is there already', async () => {
    const path = join(directory, '..', `${sha256(big).slice(0, 8)}.gguf`);
    await writeFile(path, big);
    const model = await store.import(path, { name: 'mine/big.gguf' });
    expect(model).toMatchObject({ name: 'mine/big.gguf', from: 'file', ...isBig });
    await rm(path);
    expect(await content('mine/big.gguf')).toBe(sha256(big));
    await expect(store.import(new File([Buffer.from(small)], 'big.gguf'), { name: 'mine/big.gguf' })).rejects.toThrow(
      error('ResourceError', /has a mine\/big\.gguf already/),
    );
    const shards = [2, 1].map((n) => new File([Buffer.from(fakeModel(1000, n))], `x-0000${n}-of-00002.gguf`));
    expect(await store.import(shards)).toMatchObject({ name: 'x-00001-of-00002.gguf', nShards: 2, isComplete: true });
    expect((await store.list()).map(({ name }) => name).sort()).toEqual(['mine/big.gguf', 'x-00001-of-00002.gguf']);
    expect((await store.usage()).usedBytes).toBe(big.length + 2000);
  });

  it('leaves nothing of what is no model, or is stopped', async () => {
    await expect(store.import(new File(['PK, a zip file'], 'x.gguf'))).rejects.toThrow(
      error('FormatError', /expected a GGUF file/),
    );
    const stop = new AbortController();
    const importing = store.import(new File([Buffer.from(big)], 'y.gguf'), {
      signal: stop.signal,
      onProgress: ({ doneBytes }) => doneBytes > 0 && stop.abort(),
    });
    await expect(importing).rejects.toMatchObject({ name: 'AbortError' });
    expect(await store.list()).toEqual([]);
    expect(await readdir(directory)).toEqual(['.thimble']);
  });
});

it('says how much room there is', async () => {
  await get('good');
  const { usedBytes, quotaBytes, isPersistent } = await store.usage();
  expect(usedBytes).toBe(big.length);
  expect(quotaBytes).toBeGreaterThan(big.length);
  expect(isPersistent).toBe(true);
  expect((await stat(join(directory, 'big.gguf'))).size).toBe(big.length);
});

describe('openModel', () => {
  it('downloads what is not there yet, tells how far it is, and opens it from the store', async () => {
    const tiny = tinyModel('llama');
    server.files.set('tiny.gguf', tiny);
    vi.stubEnv('THIMBLE_MODELS', directory);
    const told: DownloadProgress[] = [];
    const answers = [];
    for (const source of [
      { url: server.url('good', 'tiny.gguf') },
      { url: server.url('good', 'tiny.gguf') },
      { store: 'tiny.gguf' },
      join(directory, 'tiny.gguf'),
    ]) {
      const model = await openModel(source, { nCtx: 32, threads: 1, onDownload: (progress) => told.push(progress) });
      answers.push(await model.generate([1, 2], { temperature: 0, maxTokens: 4, ignoreEos: true }).result);
      await model.close();
    }
    expect(new Set(answers.map(({ tokens }) => String(tokens))).size).toBe(1);
    expect(dataRequests()).toHaveLength(1);
    expect(told.at(-1)).toMatchObject({ state: 'done', doneBytes: tiny.length, totalBytes: tiny.length });
    await expect(openModel({ store: 'none' })).rejects.toThrow(
      error('ResourceError', /none is not in the store; it has tiny\.gguf/),
    );
    await expect(openModel({ url: server.url('missing', 'other.gguf') })).rejects.toThrow(/answered 404/);
    await expect(openModel('https://host/x.gguf')).rejects.toThrow(/give a File, a path in Node, \{ url \}/);
    vi.unstubAllEnvs();
  });
});
