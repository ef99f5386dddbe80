import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vocabFile } from '../helpers/vocab_files.ts';
import { openWorkbench, thimble, type Workbench } from './cli.ts';

describe('files', () => {
  let bench: Workbench;
  beforeAll(async () => void (bench = await openWorkbench()));
  afterAll(() => bench.close());

  it('split and merge give the file back, and the shards run', async () => {
    const split = await thimble(['split', bench.stories, bench.path('part'), '--max-size', '400K']);
    expect(split.code).toBe(0);
    const shards = split.stdout.trim().split('\n');
    expect(shards.length).toBeGreaterThan(2);
    for (const shard of shards) expect((await stat(shard)).size).toBeLessThanOrEqual(400 * 1024);
    const out = bench.path('merged.gguf');
    const [merged, run] = await Promise.all([
      thimble(['merge', shards[0]!, out]),
      thimble(['run', shards[0]!, '--raw', '--prompt', 'Once upon a time', '--temp', '0', '-n', '5']),
    ]);
    expect([merged.code, run.stdout]).toEqual([0, ', there was a little\n']);
    expect((await readFile(out)).equals(await readFile(bench.stories))).toBe(true);
  });

  it('a shard that is missing is named', async () => {
    await thimble(['split', bench.stories, bench.path('lost'), '--max-size', '500K']);
    const names = (await readdir(bench.folder)).filter((name) => name.startsWith('lost-')).sort();
    await rm(bench.path(names[1]!));
    const { code, stderr } = await thimble(['inspect', bench.path(names[0]!)]);
    expect(code).toBe(1);
    expect(stderr).toContain(`shard 2 of ${names.length} is missing: ${names[1]}`);
  });

  it('nothing is overwritten, and nothing is left of what failed', async () => {
    const before = await readdir(bench.folder);
    const taken = await thimble(['merge', bench.stories, bench.talking]);
    const tooSmall = await thimble(['split', bench.stories, bench.path('tiny'), '--max-size', '1K']);
    expect([taken.code, tooSmall.code]).toEqual([1, 1]);
    expect(taken.stderr).toContain('exists already');
    expect(await readdir(bench.folder)).toEqual(before);
  });

  it('quantize makes smaller models that still tell the story', async () => {
    // rows of 172 are no whole blocks of 32, let alone 256; the token table is the output matrix
    for (const [type, expected] of [
      ['q8_0', { f16: 5, f32: 11, q8_0: 31 }],
      ['q4_k_m', { f16: 5, f32: 11, q5_0: 28, q8_0: 3 }],
    ] as const) {
      const out = bench.path(`${type}.gguf`);
      const made = await thimble(['quantize', bench.stories, out, '--type', type]);
      expect(made.code, made.stderr).toBe(0);
      const inspected = JSON.parse((await thimble(['inspect', out, '--json'])).stdout) as Inspected;
      expect(Object.fromEntries(inspected.types.map((row) => [row.type, row.tensors])), type).toEqual(expected);
      expect(inspected.metadata).toMatchObject({ 'general.quantization_version': 2 });
      const line = ['run', out, '--raw', '--prompt', 'Once upon a time', '--temp', '0', '-n', '12'];
      expect((await thimble(line)).stdout, type).toMatch(/^, there was a little (girl|boy) named /);
    }
  });

  it('inspect shows what is in a file, for people and for programs', async () => {
    const [text, all, json] = await Promise.all([
      thimble(['inspect', bench.stories, '--ctx', '256', '--kv', 'F32']),
      thimble(['inspect', bench.stories, '--all']),
      thimble(['inspect', bench.stories, '--ctx', '256', '--kv', 'f32', '--json']),
    ]);
    expect(all.stdout).toContain('blk.4.ffn_down.weight');
    expect(text.stdout).toMatch(/blk\.0-4\.ffn_down\.weight +f32 +\[64, 172\] +5 × +215 KiB/);
    expect(text.stdout.split('\n').length).toBeLessThan(60);
    expect(text.stdout).toMatch(/\n {2}fits here +yes: 256 positions need .* free here\n$/);
    expect(text.stdout).toMatch(/memory +\d.* for 256 positions \(weights .* \+ KV f32 320 KiB \+ work /);
    const { memory, params, weight_bytes, chat_template, tensors, metadata } = JSON.parse(json.stdout) as Inspected;
    expect({ params, weight_bytes, chat_template }).toEqual({
      params: 260_032,
      weight_bytes: 4 * 260_032,
      chat_template: false,
    });
    expect(memory).toMatchObject({ ctx: 256, kv_type: 'f32', kv_bytes: 2 * 5 * 256 * 32 * 4 });
    expect(tensors).toHaveLength(47);
    expect(metadata['tokenizer.ggml.tokens']).toEqual({ array_of: 'string', length: 512 });
  });
});

interface Inspected {
  readonly params: number;
  readonly weight_bytes: number;
  readonly chat_template: boolean;
  readonly types: { readonly type: string; readonly tensors: number }[];
  readonly memory: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  readonly tensors: unknown[];
}

describe('a file with a vocabulary alone', () => {
  let folder: string;
  let vocabulary: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thimble-cli-'));
    vocabulary = join(folder, 'phi-3.gguf');
    await writeFile(vocabulary, vocabFile('phi-3')!);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('tokenizes stdin to its last byte', async () => {
    const tokens = async (input: string | Uint8Array, ...options: string[]) =>
      JSON.parse((await thimble(['tokenize', vocabulary, '--json', ...options], { input })).stdout) as unknown;
    expect(await tokens('Hello world\n')).toEqual({ tokens: [15043, 3186, 13] });
    expect(await tokens('Hello world', '--bos')).toEqual({ tokens: [1, 15043, 3186] });
    expect(await tokens('</s>', '--special')).toEqual({ tokens: [2] });
    expect(((await tokens('</s>')) as { tokens: number[] }).tokens).not.toContain(2);
    expect(await tokens('')).toEqual({ tokens: [] });
  });

  it('shows pieces to people, and bytes where they are no characters', async () => {
    const lines = ['15043  " Hello"', ' 3186  " world"', ''].join('\n');
    expect((await thimble(['tokenize', vocabulary], { input: 'Hello world' })).stdout).toBe(lines);
    expect((await thimble(['tokenize', vocabulary, 'Hello world'])).stdout).toBe(lines);
    expect((await thimble(['tokenize', vocabulary, '-p', 'Hello world'])).stdout).toBe(lines);
    expect((await thimble(['tokenize', vocabulary, 'hi', '-p', 'hi'])).code).toBe(2);
    const { stdout } = await thimble(['tokenize', 'smollm2', 'ß 世']);
    expect(stdout).toMatch(/ "ß"\n/);
    expect(stdout).toContain('"<0xE4><0xB8>"');
    expect(stdout).toContain('"<0x96>"');
  });

  it('refuses bytes that are not UTF-8', async () => {
    const { code, stdout, stderr } = await thimble(['tokenize', vocabulary, '--json'], {
      input: Uint8Array.of(104, 0x80),
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('byte 0x80 at offset 1');
  });

  it('is inspected although it cannot run, with the reason', async () => {
    const { code, stdout } = await thimble(['inspect', vocabulary, '--json']);
    expect(code).toBe(0);
    const { memory } = JSON.parse(stdout) as Inspected;
    expect(memory['error']).toMatch(/a vocabulary at most, and no weights/);
  });
});
