import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNodeSink } from '../../src/gguf.ts';
import { writeGguf } from '../../src/gguf/write.ts';
import { quantByName } from '../../src/quants/index.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { cliPath, thimble } from './cli.ts';

const isWindows = process.platform === 'win32';
let folder: string;
let model: string;
let large: string;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thimble-odd-'));
  model = path('tiny.gguf');
  await writeFile(model, tinyModel('llama-chat'));
  await writeFile(path('text.md'), 'a text');
  await writeFile(path('long.md'), 'a text '.repeat(100));
  large = path('large.gguf');
  const rows = 8;
  const tensors = Array.from({ length: 400 }, (_, i) => ({
    name: `blk.${i}.weight`,
    quant: quantByName.get('f32')!,
    shape: [rows, 8192],
    pieces: () => [new Uint8Array(rows * 8192 * 4)],
  }));
  await writeGguf(await openNodeSink(large), {
    metadata: new Map([['general.architecture', { type: 'string', value: 'llama' }]]),
    tensors,
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** Every command with a file that is none, in each place where one can stand. */
const places: readonly (readonly [name: string, args: (odd: string) => string[]])[] = [
  ['run', (odd) => ['run', odd, 'hi']],
  ['chat', (odd) => ['chat', odd]],
  ['inspect', (odd) => ['inspect', odd]],
  ['tokenize', (odd) => ['tokenize', odd]],
  ['logits', (odd) => ['logits', odd, '--prompt', 'x', '--out', path('never')]],
  ['perplexity', (odd) => ['perplexity', odd, path('text.md')]],
  ['perplexity of a text', (odd) => ['perplexity', model, odd]],
  ['bench', (odd) => ['bench', odd]],
  ['split', (odd) => ['split', odd, path('never')]],
  ['merge', (odd) => ['merge', odd, path('never')]],
  ['quantize', (odd) => ['quantize', odd, path('never'), '--type', 'q8_0']],
  ['quantize with a matrix', (odd) => ['quantize', model, path('never'), 'q8_0', '--imatrix', odd]],
  ['imatrix', (odd) => ['imatrix', odd, path('text.md'), '--out', path('never')]],
  ['imatrix of a text', (odd) => ['imatrix', model, odd, '--out', path('never')]],
  ['run with a draft', (odd) => ['run', model, 'hi', '--draft', odd]],
];

describe.skipIf(isWindows)('what is not a file is refused at once', () => {
  beforeAll(() => void execFileSync('mkfifo', [path('pipe')]));

  it.each(places)('by %s', async (name, args) => {
    const kinds: [odd: string, why: RegExp][] = [
      [path('pipe'), /cannot open .*pipe: it is not a file/],
      ['/dev/zero', /cannot open \/dev\/zero: it is not a file/],
      [folder, /cannot open .*: it is a folder, expected a file/],
      [path('missing.txt'), /cannot open .*missing.txt: there is no such file/],
      [join(model, 'below'), /a part of the path is not a folder/],
      [path('x'.repeat(300)), /the name is too long/],
    ];
    for (const [odd, why] of name === 'run' ? kinds : kinds.slice(0, 2)) {
      const { code, stdout, stderr } = await thimble(args(odd));
      expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(why)]);
      expect(stderr).not.toMatch(/ENO|EIS|ENAME/);
    }
    expect((await readdir(folder)).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  it('also as a later shard', async () => {
    await mkdir(path('shards'));
    const { stdout } = await thimble(['split', model, path('shards/part'), '--max-size', '100K']);
    const shards = stdout.trim().split('\n');
    expect(shards.length).toBeGreaterThan(2);
    await rename(shards[1]!, path('shards/aside'));
    execFileSync('mkfifo', [shards[1]!]);
    for (const args of [
      ['run', shards[0]!, 'hi'],
      ['inspect', shards[0]!],
      ['merge', shards[0]!, path('never')],
    ]) {
      const { code, stderr } = await thimble(args);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/shard 2 of \d+ .*it is not a file/)]);
    }
  });
});

describe('what is written', () => {
  const writers: readonly (readonly [name: string, args: (out: string) => string[]])[] = [
    ['merge', (out) => ['merge', model, out]],
    ['quantize', (out) => ['quantize', model, out, '--type', 'Q8_0']],
    ['logits', (out) => ['logits', model, '--prompt', 'hi', '--out', out]],
    ['imatrix', (out) => ['imatrix', model, path('long.md'), '--ctx', '32', '--chunks', '2', '--out', out]],
  ];

  it.each(writers)('by %s never replaces a file unasked, and says what it did', async (name, args) => {
    const out = path(`${name}.out`);
    await writeFile(out, 'mine');
    const taken = await thimble(args(out));
    expect([taken.code, taken.stderr]).toEqual([
      1,
      expect.stringContaining('exists already; --force replaces it, or choose another name'),
    ]);
    expect(await readFile(out, 'utf8')).toBe('mine');
    const forced = await thimble([...args(out), '--force']);
    expect([forced.code, forced.stdout, forced.stderr]).toEqual([0, expect.stringContaining(`${out}: `), '']);
    expect((await readFile(out)).length).toBeGreaterThan(1000);
  });

  it.each(writers)('by %s is whole, whoever else writes there', async (name, args) => {
    const [alone, both] = [path(`${name}.alone`), path(`${name}.both`)];
    await thimble(args(alone));
    const ends = await Promise.all([1, 2, 3].map(() => thimble(args(both))));
    expect(ends.map(({ code }) => code).sort()).toEqual([0, 1, 1]);
    expect((await readFile(both)).equals(await readFile(alone))).toBe(true);
    expect((await readdir(folder)).filter((file) => file.endsWith('.part'))).toEqual([]);
  });

  it.each(writers)('by %s needs a folder, which is named', async (_name, args) => {
    const { code, stderr } = await thimble(args(path('nowhere/out')));
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/cannot create .*nowhere\/out: there is no such folder; make it first/),
    ]);
  });

  it.each([
    ['quantize', (out: string) => ['quantize', out, out, '--type', 'q8_0']],
    ['merge', (out: string) => ['merge', out, out]],
  ] as const)('by %s is never the model that is read', async (name, args) => {
    const out = path(`${name}.same`);
    const bytes = await readFile(model);
    await writeFile(out, bytes);
    const { code, stderr } = await thimble([...args(out), '--force']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is the model itself')]);
    expect((await readFile(out)).equals(bytes)).toBe(true);
  });

  it('is never logits over their model', async () => {
    const { code, stderr } = await thimble(['logits', model, '--prompt', 'hi', '--out', model, '--force']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is the model itself')]);
  });

  it('is never over a text or a matrix that is read beside the model, nor without a name', async () => {
    const text = path('read.txt');
    await writeFile(text, 'some words\n');
    for (const args of [
      ['imatrix', model, text, '--out', text],
      ['embed', model, '--file', text, '--out', text],
    ]) {
      expect(await thimble([...args, '--force'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('is read here, too'),
      });
    }
    expect(await readFile(text, 'utf8')).toBe('some words\n');
    expect(await thimble(['quantize', model, '', 'q8_0'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is empty; give one'),
    });
  });

  it.skipIf(isWindows).each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('leaves nothing at %s', async (signal, expected) => {
    const out = path(`${signal}.gguf`);
    const child = spawn(process.execPath, [cliPath, 'quantize', large, out, '--type', 'q6_k'], { stdio: 'ignore' });
    const isWriting = async () => (await readdir(folder)).some((file) => file.startsWith(signal));
    while (!(await isWriting())) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill(signal);
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, await isWriting()]).toEqual([expected, false]);
  });
});
