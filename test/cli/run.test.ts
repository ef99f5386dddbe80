import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, thimble, type Workbench } from './cli.ts';

const greedy = ['--raw', '--prompt', 'Once upon a time', '--temp', '0'];

describe('thimble run', () => {
  let bench: Workbench;
  beforeAll(async () => void (bench = await openWorkbench()));
  afterAll(() => bench.close());

  it('prints the answer, and nothing else into a pipe', async () => {
    const { code, stdout, stderr } = await thimble(['run', bench.stories, ...greedy, '-n', '20']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(', there was a little girl named Lily. She loved to play outsid\n');
  });

  it('prints one object with --json, the same on both backends', async () => {
    const [wasm, reference] = await Promise.all(
      ['wasm', 'reference'].map((backend) =>
        thimble(['run', bench.stories, ...greedy, '-n', '8', '--json', '--backend', backend]),
      ),
    );
    const result = JSON.parse(wasm!.stdout) as Record<string, unknown>;
    expect(result).toEqual({
      text: ', there was a little girl',
      tokens: expect.any(Array) as number[],
      prompt_tokens: 5,
      stop_reason: 'length',
      load_ms: expect.any(Number) as number,
      prefill_tps: expect.any(Number) as number,
      decode_tps: expect.any(Number) as number,
      ttft_ms: expect.any(Number) as number,
      backend: expect.stringMatching(/^wasm-/) as string,
    });
    const { text, tokens } = JSON.parse(reference!.stdout) as Record<string, unknown>;
    expect({ text, tokens }).toEqual({ text: result['text'], tokens: result['tokens'] });
    expect(wasm!.stdout).toMatch(/^\{.*\}\n$/);
  });

  it('takes the prompt from stdin, less one line break', async () => {
    const input = 'Once upon a time\n';
    const { stdout } = await thimble(['run', bench.stories, '--raw', '--temp', '0', '-n', '5', '--json'], { input });
    expect(JSON.parse(stdout)).toMatchObject({ prompt_tokens: 5, text: ', there was a little' });
  });

  it('takes a prompt that starts with a dash, or looks like a number', async () => {
    for (const prompt of ['- item', '-5', '--x y']) {
      const { code } = await thimble(['run', bench.stories, '--raw', '--prompt', prompt, '-n', '1']);
      expect(code, prompt).toBe(0);
    }
  });

  it('makes the same text from the same seed, whatever the sampler', async () => {
    const sampler =
      '--top-k 20 --top-p 0.9 --min-p 0.01 --typical-p 0.9 --repeat-penalty 1.1 --dry-multiplier 0.5'.split(' ');
    const line = ['run', bench.stories, '--raw', '--prompt', 'The', '--seed', '7', '-n', '20', ...sampler];
    const [one, two] = await Promise.all([thimble(line), thimble(line)]);
    expect(one.code).toBe(0);
    expect(one.stdout).toBe(two.stdout);
  });

  it('stops before a stop text', async () => {
    const { stdout } = await thimble(['run', bench.stories, ...greedy, '--stop', 'zebra', '--stop', 'girl', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ text: ', there was a little ', stop_reason: 'stop' });
  });

  it('puts the prompt through the chat template unless told not to', async () => {
    const line = [
      'run',
      bench.talking,
      '--prompt',
      'there was',
      '--system',
      'Once',
      '-n',
      '1',
      '--temp',
      '0',
      '--json',
    ];
    const raw = ['run', bench.talking, '--raw', '--prompt', 'Once there was ', '-n', '1', '--temp', '0', '--json'];
    const [chat, plain] = await Promise.all([thimble(line), thimble(raw)]);
    const said = ({ stdout }: typeof chat) => JSON.parse(stdout) as { text: string; prompt_tokens: number };
    expect(said(chat).prompt_tokens).toBe(said(plain).prompt_tokens);
    expect(said(chat).text).toBe(said(plain).text);
  });

  const failures: [what: string, args: () => string[], complaint: RegExp][] = [
    ['a model without a chat template', () => [bench.stories, '--prompt', 'x'], /no chat template/],
    [
      'a prompt longer than the context',
      () => [bench.stories, ...greedy, '--ctx', '3'],
      /the prompt has 5 tokens, the context 3/,
    ],
    ['stdin that is not UTF-8', () => [bench.stories, '--raw'], /stdin is not UTF-8: byte 0xff at offset 1/],
  ];
  it.each(failures)('says what is wrong with %s and ends with code 1', async (_what, args, complaint) => {
    const input = complaint.source.includes('UTF-8') ? Uint8Array.of(97, 0xff) : '';
    const { code, stderr } = await thimble(['run', ...args()], { input });
    expect(code).toBe(1);
    expect(stderr).toMatch(complaint);
    expect(stderr).toMatch(/^thimble: .*\n$/);
  });

  it('ends an answer where the context is full, and says so in JSON', async () => {
    const { code, stdout } = await thimble(['run', bench.stories, ...greedy, '--ctx', '16', '-n', '40', '--json']);
    const { tokens, stop_reason } = JSON.parse(stdout) as { tokens: number[]; stop_reason: string };
    expect([code, tokens.length < 16, stop_reason]).toEqual([0, true, 'full']);
  });

  it('goes on past a full context with --shift', async () => {
    const { stdout } = await thimble(['run', bench.stories, ...greedy, '--ctx', '16', '-n', '40', '--shift', '--json']);
    expect((JSON.parse(stdout) as { tokens: number[] }).tokens).toHaveLength(40);
  });

  it('ends with code 130 at Ctrl-C, within a token', async () => {
    let isStopped = false;
    const endless = ['run', bench.stories, ...greedy, '--shift', '-n', '100000000'];
    const { code, stderr } = await thimble(endless, {
      onStdout: (stdout, child) => {
        if (isStopped || stdout.length < 50) return;
        isStopped = true;
        child.kill('SIGINT');
      },
    });
    expect([code, stderr]).toEqual([130, '']);
  });
});

describe('thimble logits', () => {
  let bench: Workbench;
  beforeAll(async () => void (bench = await openWorkbench()));
  afterAll(() => bench.close());

  it('writes one row per token of the prompt, and replaces a file where told to', async () => {
    const out = bench.path('logits.f32');
    const line = (prompt: string, ...options: string[]) =>
      thimble(['logits', bench.stories, '--prompt', prompt, '--out', out, ...options]);
    expect(await line('Once')).toEqual({ code: 0, stdout: `${out}: [2, 512] f32, 4.0 KiB\n`, stderr: '' });
    expect(await line('Once')).toMatchObject({ code: 1, stderr: expect.stringContaining('exists already') as string });
    expect((await line('Once upon a time', '--force')).code).toBe(0);
    const bytes = await readFile(out);
    expect(bytes.length).toBe(5 * 512 * 4);
    const last = new Float32Array(bytes.buffer, bytes.byteOffset + 4 * 512 * 4, 512);
    const { stdout } = await thimble(['run', bench.stories, ...greedy, '-n', '1', '--json']);
    expect((JSON.parse(stdout) as { tokens: number[] }).tokens).toEqual([last.indexOf(Math.max(...last))]);
  });

  it('leaves nothing where it fails', async () => {
    const out = bench.path('nothing.f32');
    const { code } = await thimble([
      'logits',
      bench.stories,
      '--prompt',
      'Once upon a time',
      '--ctx',
      '2',
      '--out',
      out,
    ]);
    expect(code).toBe(1);
    await expect(readFile(out)).rejects.toThrow('ENOENT');
  });
});
