import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tinyModel } from '../helpers/tiny_models.ts';
import { fakeModel, sha256, startServer, type FaultyServer } from '../store/server.ts';
import { haveTerminal, onTerminal, plainLines, thimble as run, type RunOptions } from './cli.ts';

/** `thimble pull`, `list`, `rm`, and names of all kinds wherever a command takes a model. */

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

describe('thimble pull, list, rm', () => {
  it('downloads, takes files in, lists, removes', async () => {
    const { stdout, stderr, code } = await thimble(['pull', hf]);
    expect([stdout, stderr, code]).toEqual([`${join(folder, 'org/repo/tiny.gguf')}\n`, '', 0]);
    await thimble(['pull', join(folder, 'org/repo/tiny.gguf'), '--name', 'mine.gguf']);
    const list = await thimble(['list']);
    expect(list.stdout).toMatch(
      /^mine\.gguf +[\d.]+ KiB  own file +file\norg\/repo\/tiny\.gguf +[\d.]+ KiB  verified  hf:org\/repo\/tiny\.gguf\n$/,
    );
    const json = JSON.parse((await thimble(['list', '--json'])).stdout) as { models: object[] };
    expect(json.models).toMatchObject([
      { name: 'mine.gguf' },
      { name: 'org/repo/tiny.gguf', sha256: sha256(tiny), isVerified: true },
    ]);
    expect((await thimble(['rm', hf, 'mine.gguf'])).stdout).toBe('removed org/repo/tiny.gguf\nremoved mine.gguf\n');
    expect((await thimble(['list', '--json'])).stdout).toBe('{"models":[]}\n');
  });

  it('goes on where it was stopped', async () => {
    server.bytesPerSecond = 12 * 2 ** 20;
    const address = server.url('good', 'big.gguf');
    const stopped = await thimble(['pull', address, '--connections', '1'], {
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
    const { stdout } = await thimble(['pull', address, '--sha256', sha256(big)]);
    expect(stdout).toBe(`${join(folder, 'big.gguf')}\n`);
    expect(server.sentBytes).toBeLessThan(big.length - 8 * 2 ** 20);
  });

  it.each([
    [['pull', 'llama9'], 2, /"llama9" is no address, no file and no short name, expected hf:org\/repo, https/],
    [['pull', 'qwen3:0.7b'], 2, /did you mean qwen3:0\.6b\?/],
    [
      ['pull', 'hf:a'],
      2,
      /"hf:a" names no model, expected hf:org\/repo, hf:org\/repo:Q4_K_M or hf:org\/repo\/file\.gguf/,
    ],
    [['pull'], 2, /an argument is missing: NAME/],
    [['pull', 'hf:a/b/c', '--sha256', 'x'], 2, /--sha256 is "x", expected 64 hexadecimal digits/],
    [['rm', 'x'], 1, /there is no model x in the store; it has none/],
    [['pull', 'hf:a/b/missing.gguf'], 1, /missing\.gguf answered 404 Not Found; check the address/],
    [['pull', 'hf:org/private'], 1, /hf:org\/private answered 401 .*the key HF_TOKEN in the environment/],
    [['pull', 'hf:org/repo:Q9_9'], 1, /hf:org\/repo has no Q9_9; it has /],
    [['pull', './nothing.gguf'], 2, /"\.\/nothing\.gguf" is no address, no file/],
    [['completion', 'tcsh'], 2, /the shell is "tcsh", expected bash, zsh, fish/],
  ] as const)('%j', async (args, wanted, message) => {
    const { code, stdout, stderr } = await thimble(args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([wanted, '']);
  });

  it.skipIf(!haveTerminal)('shows speed and time left on a terminal (needs script of util-linux)', async () => {
    server.bytesPerSecond = 12 * 2 ** 20;
    const { stdout } = await onTerminal(['pull', server.url('good', 'big.gguf'), '--directory', folder]);
    expect(stdout).toMatch(/downloading .* \d+ %.* 30\.0 MiB, [\d.]+ MiB\/s, \d s left/);
    expect(plainLines(stdout).join('\n').trim()).toBe(join(folder, 'big.gguf'));
  });
});

describe('a repository', () => {
  it('stands for its usual file, or for that of a type; what is here is not asked for', async () => {
    for (const name of ['m-Q8_0.gguf', 'mmproj-m-Q4_0.gguf', 'm-UD-Q4_K_XL.gguf', 'm-Q4_0.gguf', 'README.md'])
      server.files.set(name, tiny);
    const pulled = async (name: string) => (await thimble(['pull', name])).stdout.trim();
    expect(await pulled('hf:org/many')).toBe(join(folder, 'org/many/m-Q4_0.gguf'));
    expect(await pulled('hf:org/many:q8_0')).toBe(join(folder, 'org/many/m-Q8_0.gguf'));
    expect(await pulled('hf:org/many:m-UD-Q4_K_XL.gguf')).toBe(join(folder, 'org/many/m-UD-Q4_K_XL.gguf'));
    server.isDown = true;
    const answer = await thimble(['run', 'hf:org/many:Q8_0', 'hi', '--temp', '0', '-n', '2', '--raw']);
    expect([answer.code, answer.stderr]).toEqual([0, expect.not.stringContaining('download')]);
    expect((await thimble(['rm', 'hf:org/many:Q8_0'])).stdout).toBe('removed org/many/m-Q8_0.gguf\n');
    expect((await thimble(['pull', 'hf:org/many:Q8_0'])).stderr).toMatch(/cannot be reached; is there a network\?/);
  });

  it('has a short name where the catalogue knows it; another file is not taken for it', async () => {
    server.files.set('Qwen3-0.6B-Q4_K_M.gguf', tiny);
    const { code, stderr } = await thimble(['run', 'qwen3:0.6b', 'hi']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/SHA-256/i)]);
    expect((await thimble(['list', '--offered'])).stdout).toMatch(/^smollm2:360m +258 MiB +Q4_K_M/m);
  });

  it('is completed by shells', async () => {
    await thimble(['pull', hf]);
    const words = async (line: string) =>
      (await thimble(['completion', 'words', '--', line])).stdout.trim().split('\n');
    expect(await words('thimble pu')).toEqual(['pull']);
    expect(await words('thimble run --tem')).toEqual(['--temp', '--template-vars']);
    expect(await words('thimble run o')).toEqual(['org/repo/tiny.gguf']);
    expect(await words('thimble rm qwen3:')).toEqual(['qwen3:0.6b', 'qwen3:1.7b']);
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
    await thimble(['pull', hf], { env: { ...env, HF_TOKEN: 'abc' } });
    const keys = server.seen.map(({ manner, headers }) => [manner, headers.authorization]);
    expect(keys).toContainEqual(['hub', 'Bearer abc']);
    server.seen.length = 0;
    await thimble(['pull', server.url('good', 'tiny.gguf')], { env: { ...env, HF_TOKEN: 'abc' } });
    expect(server.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});
