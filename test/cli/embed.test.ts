import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wordyEncoder } from '../helpers/tiny_encoders.ts';
import { openWorkbench, thimble, type Workbench } from './cli.ts';

describe('embeddings and ranks', () => {
  let bench: Workbench;
  let [model, ranker] = ['', ''];
  beforeAll(async () => {
    bench = await openWorkbench();
    [model, ranker] = [bench.path('e5-tiny.gguf'), bench.path('ranker.gguf')];
    await writeFile(model, wordyEncoder('bert-mean', { called: 'e5 tiny' }));
    await writeFile(ranker, wordyEncoder('bert-rank'));
    await writeFile(bench.path('texts.txt'), 'a cat\n\nbread is baked\n');
  });
  afterAll(() => bench.close());

  const rowsOf = (stdout: string): number[][] => (JSON.parse(stdout) as { embeddings: number[][] }).embeddings;
  const json = async (...args: string[]) => rowsOf((await thimble(['embed', model, ...args, '--json'])).stdout);

  it('embed prints a line of numbers for each text, from arguments, files and stdin', async () => {
    const texts = ['a cat', 'bread is baked'];
    const { stdout } = await thimble(['embed', model, ...texts]);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ').map(Number));
    expect(rows.map(({ length }) => length)).toEqual([64, 64]);
    const exact = await json(...texts);
    for (const [i, row] of rows.entries()) row.forEach((x, j) => expect(x).toBeCloseTo(exact[i]![j]!, 6));
    expect(await json('--file', bench.path('texts.txt'))).toEqual(exact);
    const typed = await thimble(['embed', model, '--json'], { input: `${texts.join('\n')}\n` });
    expect(rowsOf(typed.stdout)).toEqual(exact);
  });

  it('inspect says what such models make, and chat what they are for', async () => {
    const made = async (path: string) => (await thimble(['inspect', path])).stdout.match(/^ *makes +(.*)$/m)?.[1];
    expect(await made(model)).toBe('embeddings: thimble embed');
    expect(await made(ranker)).toBe('scores: thimble rank');
    expect(await made('smollm2')).toBe('text');
    const chat = await thimble(['chat', model], { input: 'hi\n' });
    expect(chat).toMatchObject({ code: 1, stderr: 'thimble: e5 tiny makes embeddings, not text; use thimble embed\n' });
    const { code, stderr } = await thimble(['bench', ranker]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/ranker\.gguf makes scores; bench measures models that make text/),
    ]);
  });

  it('embed takes tasks, dimensions and lengths, and writes files', async () => {
    const [plain, prefixed] = [await json('query: a'), await json('a', '--task', 'query')];
    expect(prefixed).toEqual(plain);
    const [short] = await json('a', '-d', '8');
    expect(short).toHaveLength(8);
    expect(Math.hypot(...short!)).toBeCloseTo(1, 6);
    const [long] = await json('a', '--keep-length', '--pooling', 'cls');
    expect(Math.hypot(...long!)).not.toBeCloseTo(1, 3);
    const out = bench.path('rows.f32');
    const { stdout } = await thimble(['embed', model, 'query: a', '--out', out]);
    expect(stdout).toMatch(/rows\.f32: 1 text, 64 numbers each, 256 bytes/);
    const bytes = new Uint8Array(await readFile(out));
    expect([...new Float32Array(bytes.buffer)]).toEqual(plain[0]);
    expect(await thimble(['embed', model, 'a', '--out', model])).toMatchObject({ code: 2 });
  });

  it.each([
    [['--task', 'summary'], 2, /--task is "summary", of e5 tiny there are query, document, similarity/],
    [['--dimensions', '65'], 2, /--dimensions is 65, expected a whole number from 1 to 64/],
    [['--pooling', 'sum'], 2, /--pooling is "sum", expected mean, cls or last/],
    [['word '.repeat(60)], 1, /the model reads 64; split it, or give --truncate/],
  ])('embed refuses what cannot be: %j', async (args, code, message) => {
    const ended = await thimble(['embed', model, 'a', ...args]);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(message);
  });

  it('embed wants a model that makes embeddings, and rank one that does or ranks', async () => {
    expect((await thimble(['embed', bench.stories, 'a'])).stderr).toMatch(/makes text, not embeddings/);
    expect((await thimble(['embed', ranker, 'a'])).stderr).toMatch(
      /ranks documents and makes no embeddings; use thimble rank/,
    );
    expect((await thimble(['rank', bench.stories, 'a', 'b'])).stderr).toMatch(/makes text, not embeddings/);
    expect((await thimble(['embed', model], { input: '\n' })).stderr).toMatch(/there are no texts; give some/);
  });

  it('rank sorts documents, the best first', async () => {
    const documents = ['a cat', 'bread is baked', 'rivers run'];
    for (const which of [ranker, model]) {
      const { stdout } = await thimble(['rank', which, 'where to', ...documents, '--json']);
      const { results } = JSON.parse(stdout) as { results: { index: number; score: number; document: string }[] };
      const scores = results.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(results.map(({ index }) => documents[index])).toEqual(results.map(({ document }) => document));
      const best = await thimble(['rank', which, 'where to', '--top', '1'], { input: documents.join('\n') });
      expect(best.stdout).toMatch(
        new RegExp(`^${scores[0]!.toFixed(4)} +${results[0]!.index + 1} +${results[0]!.document}\n$`),
      );
    }
  });
});
