/** `thimble quantize` and `thimble imatrix`, as one uses them. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImportance } from '../../src/compress/importance.ts';
import { memorySource } from '../helpers/gguf_bytes.ts';
import { openWorkbench, thimble, type Workbench } from './cli.ts';

let bench: Workbench;
beforeAll(async () => void (bench = await openWorkbench()));
afterAll(() => bench.close());

const matrixIn = async (path: string) => (await readImportance(memorySource(await readFile(path)))).columns;

describe('quantize', () => {
  it('writes the same bytes, whatever --threads says', async () => {
    const each = ['1', '2', '5'].map(async (threads) => {
      const out = bench.path(`threads-${threads}.gguf`);
      const made = await thimble(['quantize', bench.stories, out, 'q4_k_m', '--threads', threads]);
      expect([made.code, made.stderr]).toEqual([0, '']);
      return readFile(out);
    });
    const [one, ...others] = await Promise.all(each);
    for (const other of others) expect(other.equals(one!)).toBe(true);
  });

  it('says what became what', async () => {
    const out = bench.path('said.gguf');
    const { stdout } = await thimble(['quantize', bench.stories, out, 'Q4_K']);
    expect(stdout).toMatch(
      /said\.gguf: .* of weights become .*, \d\.\d\d bits a weight \(Q4_K_M: 28 q5_0, 5 f16, 3 q8_0, 11 f32\)\n$/,
    );
  });

  it('shows what would become what, and writes nothing', async () => {
    const { code, stdout } = await thimble(['quantize', bench.stories, 'Q5_K_M', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/blk\.0-4\.ffn_up\.weight +f32 → q5_1 +\[172, 64\] +5 ×/);
    expect(stdout).toMatch(/blk\.0-4\.attn_norm\.weight +f32 +\[64\]/);
    expect(stdout).toMatch(/\nQ5_K_M: .* of weights become .* bits a weight\n$/);
  });

  it('remarks on what is quantised already', async () => {
    const again = await thimble(['quantize', 'smollm2', 'Q4_K_M', '--dry-run']);
    expect(again).toMatchObject({
      code: 0,
      stderr:
        'note: 210 matrices are quantised already (q4_1 …), and errors add up: a model in f16 gives a better one\n',
    });
    expect((await thimble(['quantize', bench.stories, 'Q4_K_M', '--dry-run'])).stderr).toBe('');
  });

  it('gives one type to all with --pure, and others by name', async () => {
    const pure = await thimble(['quantize', bench.stories, 'Q4_0', '--dry-run', '--pure']);
    expect(pure.stdout).toMatch(/token_embd\.weight +f32 → q4_0/);
    const named = ['--tensor-type', 'attn_v=q8_0', '--tensor-type', 'blk\\.0\\.attn=f16'];
    const { stdout } = await thimble(['quantize', bench.stories, 'Q4_0', '--dry-run', ...named]);
    expect(stdout).toMatch(/blk\.0-4\.attn_v\.weight +f32 → q8_0/);
    expect(stdout).toMatch(/blk\.0\.attn_k\.weight +f32 → f16/);
    const { stderr } = await thimble(['quantize', bench.stories, 'Q4_0', '--dry-run', '--tensor-type', 'atn_v=q8_0']);
    expect(stderr).toContain('note: --tensor-type atn_v=q8_0 is for no tensor of this model');
  });
});

describe('imatrix', () => {
  const make = async (name: string, ...more: string[]) => {
    const out = bench.path(name);
    const line = ['imatrix', bench.stories, bench.path('story.txt'), '--out', out, '--ctx', '100', '--chunks', '3'];
    const { code, stdout, stderr } = await thimble([...line, ...more]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`${out}: 35 matrices, 3 windows of 100 tokens\n`);
    return matrixIn(out);
  };

  it('measures the same on every backend, and with any threads', async () => {
    const [wasm, alone, plain] = await Promise.all([
      make('wasm.gguf', '--threads', String(Math.min(4, availableParallelism()))),
      make('alone.gguf', '--threads', '1'),
      make('plain.gguf', '--backend', 'reference'),
    ]);
    for (const [name, columns] of plain) {
      expect(alone.get(name), name).toEqual(wasm.get(name));
      const most = columns.reduce((most, x) => Math.max(most, x), 0);
      const furthest = columns.reduce((far, x, i) => Math.max(far, Math.abs(x - wasm.get(name)![i]!)), 0);
      expect(furthest / most, name).toBeLessThan(1e-3); // activations of 15 bits, keys and values of f16
    }
  });

  it('is used by quantize, which says where it does not know a matrix', async () => {
    await make('used.gguf');
    const line = (model: string, out: string) => [
      'quantize',
      model,
      bench.path(out),
      'Q2_K_S',
      '--imatrix',
      bench.path('used.gguf'),
    ];
    const without = await thimble(['quantize', bench.stories, bench.path('none.gguf'), 'Q4_0']);
    const made = await thimble(line(bench.stories, 'made.gguf'));
    expect([without.code, made.code, made.stderr]).toEqual([0, 0, '']);
    const { metadata } = JSON.parse((await thimble(['inspect', bench.path('made.gguf'), '--json'])).stdout) as {
      metadata: Record<string, unknown>;
    };
    expect(metadata).toMatchObject({ 'quantize.imatrix.chunks_count': 3, 'quantize.imatrix.dataset': 'story.txt' });
    const other = await thimble(['quantize', bench.stories, bench.path('x.gguf'), 'Q4_0', '--imatrix', bench.stories]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('expected an importance matrix')]);
  });

  it('wants a text of a window at least', async () => {
    const line = ['imatrix', bench.stories, bench.path('story.txt'), '--out', bench.path('x'), '--ctx', '100000'];
    const { code, stderr } = await thimble(line);
    expect(code).toBe(1);
    expect(stderr).toMatch(/story\.txt has [\d,]+ tokens, a window 100000; give a longer text or a smaller --ctx/);
  });
});
