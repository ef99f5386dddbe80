import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliPath, openWorkbench, thimble, type Workbench } from './cli.ts';

describe('measurements', () => {
  let bench: Workbench;
  beforeAll(async () => void (bench = await openWorkbench()));
  afterAll(() => bench.close());

  it('perplexity is what the logits of each window say', async () => {
    const [ctx, chunks] = [32, 2];
    const line = [
      'perplexity',
      bench.stories,
      bench.path('story.txt'),
      '--ctx',
      `${ctx}`,
      '--chunks',
      `${chunks}`,
      '--json',
    ];
    const result = JSON.parse((await thimble(line)).stdout) as Record<string, number>;
    expect(result).toMatchObject({ ctx, chunks, tokens: chunks * (ctx - 1 - ctx / 2) });

    const input = await readFile(bench.path('story.txt'));
    const { stdout } = await thimble(['tokenize', bench.stories, '--bos', '--json'], { input });
    const { tokens } = JSON.parse(stdout) as { tokens: number[] };
    const { openModel } = (await import(
      new URL('index.js', pathToFileURL(cliPath)).href
    )) as typeof import('../../src/index.ts');
    const model = await openModel(bench.stories, { nCtx: ctx });
    const nlls: number[] = [];
    for (let chunk = 0; chunk < chunks; chunk++) {
      const window = [1, ...tokens.slice(chunk * ctx + 1, (chunk + 1) * ctx)];
      const rows: Float32Array[] = [];
      await model.logits(window, (some) => {
        for (let at = 0; at < some.length; at += 512) rows.push(some.slice(at, at + 512));
      });
      for (let i = ctx / 2; i < ctx - 1; i++) {
        const sum = rows[i]!.reduce((total, logit) => total + Math.exp(logit), 0);
        nlls.push(Math.log(sum) - rows[i]![window[i + 1]!]!);
      }
    }
    await model.close();
    const mean = nlls.reduce((a, b) => a + b) / nlls.length;
    const variance = nlls.reduce((a, b) => a + (b - mean) ** 2, 0) / nlls.length;
    expect(result['nll']).toBeCloseTo(mean, 4);
    expect(result['ppl']).toBeCloseTo(Math.exp(mean), 3);
    expect(result['stderr']).toBeCloseTo(Math.exp(mean) * Math.sqrt(variance / (nlls.length - 1)), 3);
  });

  it('perplexity wants a text of at least one window', async () => {
    const { code, stderr } = await thimble(['perplexity', bench.stories, bench.path('story.txt'), '--ctx', '100000']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/has \d+ tokens, a window 100000; give a longer text/);
  });

  it('perplexity takes its text from stdin, and as -f FILE', async () => {
    const input = await readFile(bench.path('story.txt'));
    const options = ['--ctx', '64', '--chunks', '1', '--json'];
    const ppl = async (...args: string[]) => {
      const { stdout } = await thimble(['perplexity', ...args, ...options], { input });
      return (JSON.parse(stdout) as { ppl: number }).ppl;
    };
    const [expected, ...others] = await Promise.all([
      ppl(bench.stories, bench.path('story.txt')),
      ppl(bench.stories, '-'),
      ppl('-f', bench.path('story.txt'), '-m', bench.stories),
    ]);
    expect(others).toEqual([expected, expected]);
  });

  it.each([[[]], [['--json']], [['--threads', '1,2']]])('bench that is stopped prints nothing: %j', async (options) => {
    const line = ['bench', 'smollm2', '--prefill', '3000', '--reps', '3', '--threads', '1', ...options];
    const stop = (child: { kill(signal: NodeJS.Signals): void }) => setTimeout(() => child.kill('SIGTERM'), 2500);
    expect(await thimble(line, { onStart: stop })).toMatchObject({ code: 143, stdout: '' });
  });

  it('bench measures each thread count in a process of its own', async () => {
    const line = [
      'bench',
      bench.stories,
      '--prefill',
      '16',
      '--decode',
      '8',
      '--reps',
      '2',
      '--threads',
      '1,2',
      '--json',
    ];
    const { code, stdout, stderr } = await thimble(line);
    expect([code, stderr]).toEqual([0, '']);
    const { results } = JSON.parse(stdout) as { results: Record<string, number>[] };
    expect(results.map(({ threads }) => threads)).toEqual([1, 2]);
    for (const result of results) {
      expect(result).toMatchObject({ prefill_tokens: 16, decode_tokens: 8, reps: 2 });
      for (const what of ['prefill_tps', 'decode_tps']) {
        expect(result[what]).toBeGreaterThan(0);
        expect(result[what]).toBeGreaterThanOrEqual(result[`${what}_min`]!);
        expect(result[what]).toBeLessThanOrEqual(result[`${what}_max`]!);
      }
      expect(result['load_ms']).toBeGreaterThan(0);
      expect(result['rss_mb']).toBeGreaterThan(30);
    }
  });
});
