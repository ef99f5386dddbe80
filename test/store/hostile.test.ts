import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkFit, modelStore, openModel, type DownloadOptions, type DownloadSource, type ModelStore } from 'thimble';
import { openHttpFile } from 'thimble/gguf';
import { fakeModel, sha256, startServer, type FaultyServer } from './server.ts';

/** What nobody means to do to a store in Node, and what somebody might mean to. */

const patience = { stallMs: 400, firstMs: 5, mostMs: 20, nTries: 3 };
const MiB = 2 ** 20;
const big = fakeModel(20 * MiB + 12_345);
const small = fakeModel(300_000, 3);

let server: FaultyServer;
let directory: string;
let store: ModelStore;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'thimble-hostile-'));
  store = await modelStore({ directory });
  server.reset();
  server.files.set('big.gguf', big).set('small.gguf', small);
});
afterEach(() => rm(directory, { recursive: true, maxRetries: 5 }));

const start = (source: DownloadSource, more: DownloadOptions = {}) =>
  store.download(source, { patience, ...more } as DownloadOptions);
const goodSmall = () => ({ url: server.url('good', 'small.gguf') });
const goodBig = () => ({ url: server.url('good', 'big.gguf') });
const soon = (ms = 100) => new Promise((resolve) => setTimeout(resolve, ms));
const filesIn = async () => (await readdir(directory)).filter((name) => name !== '.thimble').sort();
/** Nobody asks any more. */
const isQuiet = async () => {
  await soon(300);
  const nAsked = server.seen.length;
  await soon(300);
  return server.seen.length === nAsked;
};

/** A server that answers as it is told, and what it was asked. */
async function withServer(answer: RequestListener, use: (origin: string, asked: IncomingMessage[]) => Promise<void>) {
  const asked: IncomingMessage[] = [];
  const http = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, asked);
  } finally {
    http.close();
    http.closeAllConnections();
  }
}

const sendSmall: RequestListener = (_, response) => void response.end(small);

describe('the controls of a download', () => {
  it('a callback that throws ends it', async () => {
    const download = start(goodBig(), {
      onProgress({ doneBytes }) {
        if (doneBytes > 0) throw new Error('the page is gone');
      },
    });
    await expect(download.result).rejects.toThrow('the page is gone');
    expect(await isQuiet()).toBe(true);
    await store.delete('big.gguf'); // nobody holds it
  });

  it('cancel may be called twice', async () => {
    server.bytesPerSecond = 10 * MiB;
    const download = start(goodBig());
    await soon();
    await Promise.all([download.cancel(), download.cancel(), soon(1).then(() => download.cancel())]);
    await expect(download.result).rejects.toMatchObject({ name: 'AbortError' });
    expect(await filesIn()).toEqual([]);
  });

  it('cancel after pause, twice', async () => {
    server.bytesPerSecond = 10 * MiB;
    const download = start(goodBig());
    await soon();
    download.pause();
    await soon();
    await Promise.all([download.cancel(), download.cancel()]);
    await expect(download.result).rejects.toMatchObject({ name: 'AbortError' });
    expect(await store.list()).toEqual([]);
  });

  it('cancel keeps a model that is whole', async () => {
    const download = start(goodSmall());
    await download.result;
    await download.cancel();
    expect(await store.list()).toMatchObject([{ name: 'small.gguf', isComplete: true }]);
  });

  it.each(['after its end', 'after its signal'])('pause and resume %s start nothing', async (when) => {
    const stop = new AbortController();
    const source = when === 'after its end' ? { url: server.url('missing', 'big.gguf') } : goodBig();
    server.bytesPerSecond = 10 * MiB;
    const download = start(source, { signal: stop.signal });
    if (when === 'after its signal') {
      await soon();
      stop.abort();
    }
    await download.result.catch(() => undefined);
    server.seen.length = 0;
    download.pause();
    download.resume();
    await soon(300);
    expect(server.seen).toEqual([]);
  });

  it('any order of pause and resume ends with the file', async () => {
    server.bytesPerSecond = 60 * MiB;
    const download = start(goodBig());
    for (let i = 0; i < 8; i++) {
      download.pause();
      download.pause();
      if (i % 2 === 0) await soon(20);
      download.resume();
      download.resume();
      await soon(10);
    }
    expect(await download.result).toMatchObject({ isComplete: true, sha256: sha256(big) });
  });
});

describe('addresses', () => {
  it.each(['/files/?id=7', '/my+model.gguf', '/a%FFb.gguf', "/b(1),c;d=1@'!.gguf", '/a%2fb.gguf'])(
    'are asked as they were given: %s',
    async (path) => {
      await withServer(sendSmall, async (origin, asked) => {
        const { name } = await start({ url: `${origin}${path}` }).result;
        expect(new Set(asked.map(({ url }) => url))).toEqual(new Set([path]));
        expect(await store.get(name)).toMatchObject({ isComplete: true, sha256: sha256(small) });
      });
    },
  );

  it('with a password are refused, and no message has it', () => {
    const start = () => store.download({ url: 'https://me:secret@host/x.gguf?key=secret' });
    expect(start).toThrow(/give them as headers/);
    expect(start).not.toThrow(/secret/);
    expect(() => store.download({ url: 'ftp://me:secret@host/x.gguf?key=secret' })).not.toThrow(/secret/);
  });

  it.each(['file:///etc/passwd', `data:application/octet-stream,GGUF`, 'http://['])(
    'that redirects lead to are web addresses: not %s',
    async (to) => {
      const answer: RequestListener = (_, response) => void response.writeHead(302, { Location: to }).end();
      await withServer(answer, async (origin, asked) => {
        await expect(start({ url: `${origin}/x.gguf` }).result).rejects.toMatchObject({
          name: 'ResourceError',
          message: expect.stringMatching(/redirects to .*, which is no web address/),
        });
        expect(asked).toHaveLength(1);
      });
      expect(await store.list()).toEqual([]);
    },
  );

  it('that redirects lead to get no headers of the caller, also where they have expired', async () => {
    const seen: unknown[] = [];
    let nGood = 0;
    const elsewhere: RequestListener = (request, response) => {
      seen.push(request.headers['x-api-key']);
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
      if (!range || nGood++ % 2 === 1) return void response.writeHead(403).end('expired');
      const [begin, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, big.length)];
      const headers = { 'Content-Range': `bytes ${begin}-${end - 1}/${big.length}`, ETag: '"1"' };
      response.writeHead(206, headers).end(big.subarray(begin, end));
    };
    await withServer(elsewhere, (other) =>
      withServer(
        (_, response) => void response.writeHead(302, { Location: `${other}/signed` }).end(),
        async (origin, asked) => {
          await start({ url: `${origin}/x.gguf`, headers: { 'X-Api-Key': 'secret' } }, { nConnections: 1 }).result;
          expect(asked.map(({ headers }) => headers['x-api-key'])).toContain('secret');
        },
      ),
    );
    expect(seen.length).toBeGreaterThan(2);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it('of empty files are said to be so', async () => {
    server.files.set('none.gguf', new Uint8Array());
    await expect(start({ url: server.url('good', 'none.gguf') }).result).rejects.toThrow(/none\.gguf is empty/);
  });

  it('of a host that never says a hash are not waited for', { timeout: 15_000 }, async () => {
    const answer: RequestListener = (request, response) =>
      request.url!.startsWith('/api/') ? undefined : void response.end(small);
    await withServer(answer, async (endpoint) => {
      const model = await start({ hf: 'org/repo/x.gguf', endpoint }).result;
      expect(model).toMatchObject({ isComplete: true, isVerified: false });
    });
  });
});

describe('names', () => {
  it.each(['x.gguf.part', 'X.PART', '.Thimble/x', 'a\ud800b', '字'.repeat(90), `a/${'ü'.repeat(130)}`])(
    'that no file can have: %j',
    (name) => {
      expect(() => start({ ...goodSmall(), name })).toThrow(/is none for a model/);
    },
  );

  it.each(['字'.repeat(75), `${'a'.repeat(120)}/${'b'.repeat(119)}`, 'ä ö/🙂 %41.gguf', "it's.gguf"])(
    'that are odd, and good: %s',
    async (name) => {
      expect(await start({ ...goodSmall(), name }).result).toMatchObject({ name, isComplete: true });
      expect(await store.list()).toMatchObject([{ name, isComplete: true }]);
      expect(await store.get(name)).toMatchObject({ sha256: sha256(small) });
      await store.delete(name);
      expect(await store.list()).toEqual([]);
    },
  );

  it('that differ in their end only are two', async () => {
    const [one, two] = ['1', '2'].map((end) => `${'字/'.repeat(60)}${end}`);
    await start({ ...goodSmall(), name: one! }).result;
    await start({ ...goodBig(), name: two! }).result;
    expect(await store.get(one!)).toMatchObject({ sha256: sha256(small) });
    expect(await store.get(two!)).toMatchObject({ sha256: sha256(big) });
  });

  it('of models do not mix their shards', async () => {
    const shards = (seed: number) => [1, 2].map((n) => fakeModel(200_000, 10 * seed + n));
    const names = [1, 2].map((n) => `m-0000${n}-of-00002.gguf`);
    const serve =
      (files: Uint8Array[]): RequestListener =>
      ({ url }, response) =>
        void response.end(files[names.indexOf(basename(url!))]);
    await withServer(serve(shards(1)), (one) =>
      withServer(serve(shards(2)), async (two) => {
        const from = (origin: string, name: string) => start({ url: `${origin}/${names[0]}`, name }).result;
        const both = await Promise.all([from(one, 'one'), from(two, 'two')]);
        const hashes = both.map(({ files }) => files.map((file) => file.sha256));
        expect(hashes).toEqual([shards(1).map(sha256), shards(2).map(sha256)]);
        const [first] = both[1]!.files;
        expect(sha256(await readFile(first!.path!))).toBe(sha256(shards(2)[0]!));
      }),
    );
  });
});

describe('a folder', () => {
  it.each(['/', '/.', '/../'])('may be given in any way: …%s', async (end) => {
    const given = end === '/../' ? `${directory}/sub/..` : `${directory}${end}`;
    await mkdir(join(directory, 'sub'));
    store = await modelStore({ directory: given });
    await start(goodSmall()).result;
    await writeFile(join(directory, 'mine.gguf'), small);
    expect((await store.list()).map(({ name, from }) => [name, from === 'folder']).sort()).toEqual([
      ['mine.gguf', true],
      ['small.gguf', false],
    ]);
  });

  it('whose notes were tampered with leads nowhere else', async () => {
    const outside = join(directory, '..', `${basename(directory)}.secret`);
    await writeFile(outside, 'mine');
    await start(goodSmall()).result;
    const note = join(directory, '.thimble', 'small.gguf.json');
    const record = JSON.parse(await readFile(note, 'utf8')) as { files: Record<string, unknown>[] };
    const bad: ((file: Record<string, unknown>) => unknown)[] = [
      (file) => (file['key'] = `../${basename(outside)}`),
      (file) => (file['key'] = 7),
      (file) => (file['checkpoints'] = null),
      (file) => (file['partBytes'] = 0),
      (file) => (file['sizeBytes'] = 'many'),
      (file) => (file['name'] = null),
    ];
    for (const [i, spoil] of bad.entries()) {
      const spoilt = structuredClone(record);
      Object.assign(spoilt, { isComplete: i % 2 === 0 });
      spoil(spoilt.files[0]!);
      if (i === 0) spoilt.files[0]!['sizeBytes'] = 4;
      await writeFile(note, JSON.stringify(spoilt));
      expect(await store.list()).toMatchObject([{ name: 'small.gguf', from: 'folder' }]);
    }
    await writeFile(note, JSON.stringify({ ...record, name: 'other.gguf' }));
    expect(await store.list()).toMatchObject([{ name: 'small.gguf', from: 'folder' }]);
    await store.delete('small.gguf');
    expect(await readFile(outside, 'utf8')).toBe('mine');
    await rm(outside);
  });

  it('may be looked at while models come and go', async () => {
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        await store.list();
        await store.usage();
      }
    })();
    for (let i = 0; i < 60; i++) {
      await writeFile(join(directory, `x${i}.gguf`), small.subarray(0, 100));
      if (i > 2) await store.delete(`x${i - 2}.gguf`);
    }
    isOver = true;
    await looking;
  });
});

describe('importing', () => {
  const file = (name: string, text = 'GGUF') => new File([text], name);

  it.each([
    [[file('x.gguf', '')], 'FormatError', /x\.gguf is empty/],
    [[file('a.gguf'), file('b.gguf')], 'TypeError', /"a\.gguf" is no shard .*import models one after the other/],
    [[file('x-00002-of-00002.gguf')], 'ResourceError', /x-00002-of-00002\.gguf is shard 2 of 2; give x-00001-of/],
    [[file('x-00001-of-00002.gguf')], 'ResourceError', /the shard x-00002-of-00002\.gguf is not among/],
  ] as const)('says what is wrong, and leaves nothing: %#', async (files, name, message) => {
    await expect(store.import(files)).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
    expect(await store.list()).toEqual([]);
    expect(await filesIn()).toEqual([]);
  });
});

describe('arguments that are none', () => {
  it.each([
    ['get', () => store.get(5 as never)],
    ['delete', () => store.delete(undefined as never)],
    ['export', () => store.export('')],
    ['nameOf', async () => store.nameOf(null as never)],
    ['openModel', () => openModel({ store: undefined as never })],
    ['openModel', () => openModel({ store: 'x', url: 'http://host/x.gguf' } as never)],
    ['checkFit', () => checkFit({ store: 'x', nme: 'y' } as never)],
  ] as [string, () => Promise<unknown>][])('are refused: %s, %#', async (_, call) => {
    await expect(call()).rejects.toMatchObject({
      name: 'TypeError',
      message: expect.stringMatching(/the name of the model is|the source is null|unknown part of a source/),
    });
  });

  it('a build that there is not', { timeout: 30_000 }, async () => {
    const source = new URL('../../models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf', import.meta.url);
    for (const open of [checkFit, openModel])
      await expect(open(source, { build: 'x' as never })).rejects.toThrow(
        /build is "x", expected one of relaxed, simd/,
      );
  });
});

it('a header is not waited for without end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    await withServer(
      ({ url }, response) => {
        if (url === '/begins') response.writeHead(206, { 'Content-Range': 'bytes 0-99999/100000' }).write('GGUF');
      },
      async (origin, asked) => {
        for (const path of ['/never', '/begins']) {
          asked.length = 0;
          const failed = openHttpFile(`${origin}${path}`).catch((error: Error) => error.message);
          while (asked.length === 0) await new Promise(setImmediate);
          for (let i = 0; i < 100; i++) await new Promise(setImmediate);
          await vi.advanceTimersByTimeAsync(31_000);
          expect(await failed).toMatch(/has sent nothing for 30 s/);
        }
      },
    );
  } finally {
    vi.useRealTimers();
  }
});

describe('locks', () => {
  const lockPath = () => join(directory, '.thimble', 'small.gguf.lock');

  it('that are being written are taken by nobody; old ones without a number are nobody’s', async () => {
    await mkdir(join(directory, '.thimble'));
    await writeFile(lockPath(), '');
    await writeFile(join(directory, 'small.gguf'), small);
    await expect(store.delete('small.gguf')).rejects.toThrow(/is open, or being downloaded/);
    await utimes(lockPath(), new Date(0), new Date(0));
    await store.delete('small.gguf');
    await expect(stat(lockPath())).rejects.toThrow(/ENOENT/);
  });

  it('of another thread of this program hold', async () => {
    server.bytesPerSecond = 10 * MiB;
    const script = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.index).then(async ({ modelStore }) => {
        const store = await modelStore({ directory: workerData.directory });
        await store.download({ url: workerData.url }).result;
        parentPort.postMessage('done');
      });`;
    const index = new URL('../../dist/node/index.js', import.meta.url).href;
    const worker = new Worker(script, { eval: true, workerData: { index, directory, ...goodBig() } });
    const done = new Promise((resolve, reject) => void worker.on('message', resolve).on('error', reject));
    await expect.poll(() => server.sentBytes, { timeout: 10_000 }).toBeGreaterThan(MiB);
    await expect(store.delete('big.gguf')).rejects.toThrow(/is open, or being downloaded/);
    await done;
    await worker.terminate();
    await store.delete('big.gguf');
  });

  it('of a process that is gone hold nothing', async () => {
    await writeFile(join(directory, 'small.gguf'), small);
    await mkdir(join(directory, '.thimble'));
    for (const text of ['999999999 1.5', `${process.pid} 1.5`, '999999999']) {
      await writeFile(lockPath(), text);
      await writeFile(join(directory, 'small.gguf'), small);
      await store.delete('small.gguf');
    }
  });
});

describe('chunks', () => {
  it('may be told only when a download goes on: a damaged one comes again alone', async () => {
    const stop = new AbortController();
    let spoils = false;
    const spoilt = big.slice();
    spoilt[17 * MiB]! ^= 1; // in a chunk that parts of 8 MiB would cut
    const answer: RequestListener = ({ headers }, response) => {
      const [begin, last] = headers.range!.slice('bytes='.length).split('-').map(Number) as [number, number];
      const isSpoilt = spoils && begin <= 17 * MiB && last > 17 * MiB;
      if (isSpoilt) spoils = false;
      if (begin >= 16 * MiB && !stop.signal.aborted) return stop.abort();
      response.writeHead(206, { 'Content-Range': `bytes ${begin}-${last}/${big.length}`, ETag: '"1"' });
      response.end((isSpoilt ? spoilt : big).subarray(begin, last + 1));
    };
    await withServer(answer, async (origin) => {
      const source = { url: `${origin}/x.gguf` };
      const first = start(source, { signal: stop.signal, nConnections: 1 });
      await expect(first.result).rejects.toMatchObject({ name: 'AbortError' });
      expect((await store.get('x.gguf'))?.doneBytes).toBeGreaterThan(0);
      spoils = true;
      const bytes = 3 * MiB;
      const hashes = Array.from({ length: 7 }, (_, i) => sha256(big.subarray(i * bytes, (i + 1) * bytes)));
      const model = await start({ ...source, chunks: { bytes, sha256: hashes } }).result;
      expect(model).toMatchObject({ isComplete: true, sha256: sha256(big) });
      expect(spoils).toBe(false);
    });
  });
});
