import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tinyModel } from '../helpers/tiny_models.ts';
import { fakeModel, sha256, startServer, type FaultyServer } from '../store/server.ts';
import { haveTerminal, onTerminal, plainLines, thimble as run, type RunOptions } from './cli.ts';

/** `thimble models`, and addresses wherever a command takes a model. */

const tiny = tinyModel('llama-chat');
const big = fakeModel(30 * 2 ** 20);
let server: FaultyServer;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thimble-models-'));
  env = { THIMBLE_MODELS: folder, HF_ENDPOINT: server.origin, HF_TOKEN: '' };
  server.reset();
  server.files.set('tiny.gguf', tiny).set('big.gguf', big);
  return () => rm(folder, { recursive: true });
});

const thimble = (args: readonly string[], options: RunOptions = {}) => run(args, { env, ...options });
const hf = 'hf:org/repo/tiny.gguf';

describe('thimble models', () => {
  it('downloads, lists, imports, removes', async () => {
    const { stdout, stderr, code } = await thimble(['models', 'get', hf]);
    expect([stdout, stderr, code]).toEqual([`${join(folder, 'org/repo/tiny.gguf')}\n`, '', 0]);
    await thimble(['models', 'import', join(folder, 'org/repo/tiny.gguf'), '--name', 'mine.gguf']);
    const list = await thimble(['models']);
    expect(list.stdout).toMatch(
      /^mine\.gguf +[\d.]+ KiB  own file +file\norg\/repo\/tiny\.gguf +[\d.]+ KiB  verified  hf:org\/repo\/tiny\.gguf\n$/,
    );
    const json = JSON.parse((await thimble(['models', '--json'])).stdout) as { models: object[] };
    expect(json.models).toMatchObject([
      { name: 'mine.gguf' },
      { name: 'org/repo/tiny.gguf', sha256: sha256(tiny), isVerified: true },
    ]);
    expect((await thimble(['models', 'rm', hf, 'mine.gguf'])).stdout).toBe(
      'removed org/repo/tiny.gguf\nremoved mine.gguf\n',
    );
    expect((await thimble(['models', 'list', '--json'])).stdout).toBe('{"models":[]}\n');
  });

  it('goes on where it was stopped', async () => {
    server.bytesPerSecond = 12 * 2 ** 20;
    const address = server.url('good', 'big.gguf');
    const stopped = await thimble(['models', 'get', address, '--connections', '1'], {
      onStart(child) {
        const timer = setInterval(() => {
          if (server.sentBytes < 18 * 2 ** 20) return;
          clearInterval(timer);
          child.kill('SIGINT');
        }, 20);
      },
    });
    expect(stopped.code).toBe(130);
    expect(await readdir(folder)).toContain('big.gguf.part');
    server.bytesPerSecond = Infinity;
    server.sentBytes = 0;
    const { stdout } = await thimble(['models', 'get', address, '--sha256', sha256(big)]);
    expect(stdout).toBe(`${join(folder, 'big.gguf')}\n`);
    expect(server.sentBytes).toBeLessThan(big.length - 8 * 2 ** 20);
  });

  it.each([
    [['models', 'get', 'llama3'], 2, /"llama3" is no address, expected hf:org\/repo\/file\.gguf or https/],
    [['models', 'get', 'hf:a/b'], 2, /"hf:a\/b" names no file, expected hf:org\/repo\/file\.gguf/],
    [['models', 'get'], 2, /an argument is missing: ADDRESS/],
    [['models', 'get', 'hf:a/b/c', '--sha256', 'x'], 2, /--sha256 is "x", expected 64 hexadecimal digits/],
    [
      ['models', 'gte'],
      2,
      /"gte" is nothing to do with models, expected list, get, remove, import; did you mean get\?/,
    ],
    [['models', 'hf:a/b/c'], 2, /to download it: thimble models get hf:a\/b\/c/],
    [['models', 'remove', 'x'], 1, /there is no model x in the store; it has none/],
    [['models', 'get', 'hf:a/b/missing.gguf'], 1, /missing\.gguf answered 404 Not Found; check the address/],
    [['models', 'import', 'nothing.gguf'], 1, /cannot open nothing\.gguf: there is no such file/],
  ] as const)('%j', async (args, wanted, message) => {
    const { code, stdout, stderr } = await thimble(args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([wanted, '']);
  });

  it.skipIf(!haveTerminal)('shows speed and time left on a terminal (needs script of util-linux)', async () => {
    server.bytesPerSecond = 12 * 2 ** 20;
    const { stdout } = await onTerminal(['models', 'get', server.url('good', 'big.gguf'), '--directory', folder]);
    expect(stdout).toMatch(/downloading .* \d+ %.* 30\.0 MiB, [\d.]+ MiB\/s, \d s left/);
    expect(plainLines(stdout).join('\n').trim()).toBe(join(folder, 'big.gguf'));
  });
});

describe('an address', () => {
  it('is a model for run, tokenize, and others; it is downloaded once, and a name afterwards', async () => {
    const line = (model: string) => ['run', model, 'hi', '--temp', '0', '-n', '4', '--raw'];
    const path = join(folder, 'own.gguf');
    await writeFile(path, tiny);
    const own = await thimble(line(path));
    expect(own.code).toBe(0);
    expect(await thimble(line(hf))).toMatchObject({ stdout: own.stdout, code: 0 });
    const nSeen = server.seen.length;
    expect(await thimble(line('org/repo/tiny.gguf'))).toMatchObject({ stdout: own.stdout });
    expect(await thimble(['tokenize', hf, 'hi', '--json'])).toMatchObject({ code: 0 });
    expect(server.seen).toHaveLength(nSeen);
    const { stdout } = await thimble(['inspect', server.url('good', 'tiny.gguf'), '--json']);
    expect((JSON.parse(stdout) as { metadata: object }).metadata).toHaveProperty('general.architecture');
  });

  it('gets the key of HF_TOKEN, which goes to the hub alone', async () => {
    await thimble(['models', 'get', hf], { env: { ...env, HF_TOKEN: 'abc' } });
    const keys = server.seen.map(({ manner, headers }) => [manner, headers.authorization]);
    expect(keys).toContainEqual(['hub', 'Bearer abc']);
    server.seen.length = 0;
    await thimble(['models', 'get', server.url('good', 'tiny.gguf')], { env: { ...env, HF_TOKEN: 'abc' } });
    expect(server.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});
