import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel, types } from '../helpers/tiny_models.ts';
import { cliPath, haveTerminal, onTerminal, plainLines, thimble } from './cli.ts';

let folder: string;
let model: string;
const greedy = ['--temp', '0', '--repeat-penalty', '1'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thimble-first-'));
  model = join(folder, 'tiny.gguf');
  await writeFile(model, tinyModel('llama-chat', { metadata: { 'general.name': [types.string, 'Tiny Chat'] } }));
});
afterAll(() => rm(folder, { recursive: true }));

describe('thimble run', () => {
  const answer = async (args: readonly string[], input = '') => {
    const { code, stdout, stderr } = await thimble(['run', model, ...args, ...greedy, '-n', '3', '--json'], { input });
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as { tokens: number[]; prompt_tokens: number };
  };

  it('takes the prompt as an argument, as several, with --prompt, and from stdin', async () => {
    const [one, many, named, piped] = await Promise.all([
      answer(['why is it so']),
      answer(['why', 'is', 'it', 'so']),
      answer(['--prompt', 'why is it so']),
      answer([], 'why is it so\n'),
    ]);
    const said = ({ tokens, prompt_tokens }: typeof one) => ({ tokens, prompt_tokens });
    for (const other of [many, named, piped]) expect(said(other)).toEqual(said(one));
  });

  it('reads stdin as context of the prompt, a blank line between', async () => {
    const [both, whole, alone] = await Promise.all([
      answer(['what is that?'], 'a text\nof two lines\n'),
      answer(['a text\nof two lines\n\nwhat is that?']),
      answer(['what is that?']),
    ]);
    expect([both.tokens, both.prompt_tokens]).toEqual([whole.tokens, whole.prompt_tokens]);
    expect(both.prompt_tokens).toBeGreaterThan(alone.prompt_tokens);
  });

  it.each([
    [['run', ''], ''],
    [['run', ' \n'], ''],
    [['run', '--prompt', ''], ''],
    [['run'], '\n'],
    [['run'], ''],
    [['run', '--raw', '--prompt', ''], ''],
  ])('refuses an empty prompt: %j with %j', async ([command = '', ...args], input) => {
    const { code, stderr } = await thimble([command, model, ...args], { input });
    expect([code, stderr]).toEqual([2, expect.stringContaining('the prompt is empty')]);
  });

  it('goes on to the end of the context, and JSON says why it ended', async () => {
    const line = ['run', model, '--raw', 'abc', '--ctx', '160', '--logit-bias', '271:-inf', '--seed', '1', '--json'];
    const { stdout } = await thimble([...line, '--temp', '5', '--repeat-penalty', '1']);
    const result = JSON.parse(stdout) as { tokens: number[]; prompt_tokens: number; stop_reason: string };
    expect(result.stop_reason).toBe('full');
    expect(result.tokens.length + result.prompt_tokens).toBeGreaterThanOrEqual(160);
  });

  it('passes variables to the chat template', async () => {
    const template =
      '{% for m in messages %}{{ m.content }}{% endfor %}{% if enable_thinking %} thinking hard{% endif %}';
    const thinker = join(folder, 'thinker.gguf');
    await writeFile(thinker, tinyModel('llama', { metadata: { 'tokenizer.chat_template': [types.string, template] } }));
    const nTokens = async (...vars: string[]) => {
      const { stdout } = await thimble(['run', thinker, 'hi', '-n', '1', '--json', ...vars]);
      return (JSON.parse(stdout) as { prompt_tokens: number }).prompt_tokens;
    };
    const [off, on] = [await nTokens(), await nTokens('--template-vars', '{"enable_thinking":true}')];
    expect(on).toBeGreaterThan(off + 5);
    for (const wrong of ['yes', '[1]', '{', '3']) {
      const { code, stderr } = await thimble(['run', thinker, 'hi', '--template-vars', wrong]);
      expect([code, stderr]).toEqual([2, expect.stringContaining('expected a JSON object')]);
    }
  });

  it('does not wait for a program that leaves its stdin open', async () => {
    const child = spawn(process.execPath, [cliPath, 'run', model, 'hi', ...greedy, '-n', '2', '--json']);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    child.stdin.destroy();
    expect([code, stderr]).toEqual([0, 'nothing comes in on stdin; going on with the prompt alone\n']);
    expect((JSON.parse(stdout) as { tokens: unknown[] }).tokens).toHaveLength(2);
  });

  it('knows tokens that the vocabulary does not have before weights are read', async () => {
    const { code, stderr } = await thimble(['run', model, 'hi', '--logit-bias', '272:1']);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('--logit-bias token is 272, expected a whole number from 0 to 271'),
    ]);
  });

  it('says what does not fit in the words of the command line', async () => {
    const { code, stderr } = await thimble(['run', model, 'a long prompt', '--ctx', '4']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^thimble: the prompt has \d+ tokens, the context 4; .*--ctx/),
    ]);
    expect(stderr).not.toContain('nCtx');
  });
});

describe.skipIf(!haveTerminal)('thimble run in a terminal (needs script of util-linux)', () => {
  it('chats where there is no prompt', async () => {
    const { code, stdout } = await onTerminal(['run', model, '-n', '3'], { typed: [['> ', '\x04']] });
    expect(code).toBe(0);
    expect(stdout).toContain('Tiny Chat');
  });

  it('answers a prompt, wrapped to the window, and says that it was cut', async () => {
    const line = ['run', model, 'hi', ...greedy, '-n', '200', '--logit-bias', '97:500', '--ctx', '256'];
    const { stdout } = await onTerminal(line, { columns: 40 });
    const lines = plainLines(stdout);
    const words = lines.filter((text) => text.includes('aaa'));
    expect(words.length).toBeGreaterThan(1);
    for (const text of words) expect(text.length).toBeLessThanOrEqual(40);
    expect(stdout).toMatch(/·\s+(cut by --max-tokens|ended: )/);
  });

  it('cuts no size off a table that has to be narrow', async () => {
    const { stdout } = await onTerminal(['quantize', 'smollm2', 'Q4_K_M', '--dry-run'], { columns: 30 });
    const rows = plainLines(stdout).filter((row) => row.startsWith('  '));
    expect(rows.join('\n')).toMatch(/attn_q\.weight\n.*→ q5_0[^…]*MiB\n/);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(30);
  });

  it('wants a prompt for one answer', async () => {
    for (const option of ['--json', '--raw', '--shift']) {
      const { code, stdout } = await onTerminal(['run', model, option]);
      expect([code, stdout]).toEqual([2, expect.stringContaining('there is no prompt: thimble run MODEL "PROMPT"')]);
    }
  });

  it('remarks on a context beyond what the model was trained on', async () => {
    const { stdout } = await onTerminal(['run', model, 'hi', '-n', '1', '--ctx', '300']);
    expect(plainLines(stdout).join(' ')).toContain('the context of 300 is beyond the 256 positions');
  });
});

describe('thimble inspect', () => {
  interface Inspected {
    readonly name: string;
    readonly memory: { readonly total_bytes: number; readonly error?: string };
    readonly fits: { readonly verdict: string; readonly largest_ctx: number; readonly why: string };
    readonly warnings: string[];
    readonly tensors: { readonly name: string; readonly type: string; readonly bytes: number | null }[];
  }
  const inspect = async (path: string, ...options: string[]): Promise<Inspected> => {
    const { code, stdout, stderr } = await thimble(['inspect', path, '--json', ...options]);
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Inspected;
  };
  const made = async (name: string, bytes: Uint8Array): Promise<string> => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };

  it.each([
    [['--ctx', '16000000', '--kv', 'f32']],
    [['--ctx', '16000000', '--kv', 'f32', '--threads', '3']],
    [['--ctx', '15999999', '--kv', 'f32', '--activations', 'fast']],
  ])('agrees with run to the byte: %j', async (options) => {
    const [{ memory, fits }, { code, stderr }] = await Promise.all([
      inspect(model, ...options),
      thimble(['run', model, 'hi', ...options]),
    ]);
    const [, total, ...parts] =
      /needs ([\d,]+) bytes of memory: weights ([\d,]+) \+ keys and values ([\d,]+) \+ work ([\d,]+);/
        .exec(stderr)!
        .map((digits) => Number(digits.replaceAll(',', '')));
    expect(code).toBe(1);
    expect(total).toBe(memory.total_bytes);
    expect(parts.reduce((a, b) => a + b)).toBe(total);
    expect(stderr).toMatch(/use a smaller --ctx, --kv q8_0, fewer --threads, or a smaller model/);
    expect(fits.verdict).toBe('no');
    expect(fits.largest_ctx).toBeGreaterThan(1000);
  });

  it('names a context that really fits', async () => {
    const { fits } = await inspect(model, '--ctx', '16000000', '--kv', 'f32');
    const [there, beyond] = await Promise.all([
      inspect(model, '--ctx', String(fits.largest_ctx), '--kv', 'f32'),
      inspect(model, '--ctx', String(fits.largest_ctx + 128 * 1000), '--kv', 'f32'),
    ]);
    expect(there.fits.verdict).not.toBe('no');
    expect(beyond.fits.verdict).toBe('no');
  });

  it('ends with a verdict', async () => {
    const { stdout } = await thimble(['inspect', model]);
    expect(stdout).toMatch(/\n {2}name +Tiny Chat\n(.*\n)+ {2}fits here +yes: 256 positions need .* free here\n$/);
    const { stdout: smaller } = await thimble(['inspect', model, '--ctx', '16000000', '--kv', 'f32']);
    expect(smaller).toMatch(
      /\n {2}fits here +no: 16,000,000 positions need \d.* GiB, more than the \d.*(\n.*)*longest +[\d,]+ positions would fit(\n.*)*helps +--ctx \d+\n/,
    );
  });

  it('shows families and types that cannot run, and why', async () => {
    const family = await made(
      'family.gguf',
      tinyModel('llama', { metadata: { 'general.architecture': [types.string, 'mamba9'] } }),
    );
    const { fits, memory, tensors } = await inspect(family);
    expect([fits.verdict, fits.why]).toEqual(['no', expect.stringContaining('general.architecture is "mamba9"')]);
    expect(memory.error).toBe(fits.why);
    expect(tensors.length).toBeGreaterThan(10);
    const bytes = tinyModel('llama');
    const at = Buffer.from(bytes).indexOf('output_norm.weight') + 'output_norm.weight'.length + 4 + 8;
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, 222, true);
    const typed = await inspect(await made('type.gguf', bytes));
    expect(typed.fits).toMatchObject({
      verdict: 'no',
      why: '"output_norm.weight" has ggml type 222, which this build does not know',
    });
    expect(typed.tensors.find(({ name }) => name === 'output_norm.weight')).toMatchObject({
      type: 'type 222',
      bytes: null,
    });
    const [shown, merged] = await Promise.all([
      thimble(['inspect', join(folder, 'type.gguf')]),
      thimble(['merge', join(folder, 'type.gguf'), join(folder, 'never.gguf')]),
    ]);
    expect(shown.stdout).toMatch(/output_norm\.weight +type 222 +\[64\] +\?\n/);
    expect([merged.code, merged.stderr]).toEqual([1, expect.stringContaining('has ggml type 222')]);
  });

  it('warns of what is odd', async () => {
    const path = await made(
      'odd.gguf',
      tinyModel('llama-chat', {
        metadata: {
          'tokenizer.ggml.padding_token_id': [types.u32, 32000],
          'tokenizer.ggml.eot_token_id': [types.u32, 0xffffffff],
          'tokenizer.chat_template': [types.string, '{% for m in'],
        },
      }),
    );
    const { warnings, fits } = await inspect(path, '--ctx', '300');
    expect(warnings).toEqual([
      'tokenizer.ggml.padding_token_id is 32000, the vocabulary has 272 tokens: ignored',
      expect.stringContaining('chat template'),
      '300 positions are beyond the 256 that it was trained on',
    ]);
    expect(fits.verdict).toBe('fits');
    const { stdout } = await thimble(['inspect', path]);
    expect(stdout).toContain('  warning        tokenizer.ggml.padding_token_id is 32000');
  });

  it('takes an address', async () => {
    const bytes = await readFile(model);
    const server = createServer((request, response) => {
      const [, begin, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      const part = bytes.subarray(Number(begin), Number(end) + 1);
      response.writeHead(206, { 'Content-Range': `bytes ${begin}-${Number(begin) + part.length - 1}/${bytes.length}` });
      response.end(part);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tiny.gguf`;
    const { fits, name } = await inspect(address);
    expect([name, fits.verdict]).toEqual(['Tiny Chat', 'fits']);
    server.close();
    const { code, stderr } = await thimble(['inspect', address]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^thimble: .*127\.0\.0\.1.*\n$/)]);
  });

  it.skipIf(!haveTerminal).each([40, 80])('fits %i columns', async (columns) => {
    const { stdout } = await onTerminal(['inspect', 'tiny.gguf', '--all'], {
      columns,
      shell: (line) => `cd ${folder}; ${line}`,
    });
    for (const line of plainLines(stdout)) expect(line.length, line).toBeLessThanOrEqual(columns);
  });
});

describe('a name', () => {
  it.skipIf(!haveTerminal)('is the embedded model, whatever file is called so, and says so', async () => {
    await writeFile(join(folder, 'smollm2'), await readFile(model));
    const shell = (line: string) => `cd ${folder}; ${line}`;
    const [named, file] = await Promise.all([
      onTerminal(['inspect', 'smollm2'], { shell, columns: 120 }),
      onTerminal(['inspect', './smollm2'], { shell, columns: 120 }),
    ]);
    expect(named.stdout).toContain('the file of that name here is ./smollm2');
    expect(named.stdout).toMatch(/name +SmolLM2 135M Instruct/);
    expect(file.stdout).toMatch(/name +Tiny Chat/);
  });
});

describe.skipIf(!haveTerminal)('an answer on a terminal', () => {
  it('shows that a long prompt is being read', async () => {
    const prompt = 'The sea is blue. '.repeat(150);
    const { stdout } = await onTerminal(['run', 'smollm2', prompt, '-n', '1'], { columns: 120 });
    expect(stdout).toMatch(/reading .* of \d+ tokens/);
    expect(plainLines(stdout).join('\n')).not.toContain('reading');
  });

  it('names the seed where something is drawn', async () => {
    const status = async (...options: string[]) =>
      (await onTerminal(['run', model, 'hi', '-n', '3', ...options], { columns: 200 })).stdout;
    expect(await status('--temp', '1', '--seed', '7')).toContain('seed 7');
    expect(await status('--temp', '1', '--seed', '-1', '-n', '-1')).toMatch(/seed \d+/);
    expect(await status('--temp', '0')).not.toContain('seed');
  });
});

describe('a model has one name', () => {
  it('in inspect, bench and chat', async () => {
    const [bench, inspected] = await Promise.all([
      thimble(['bench', model, '--prefill', '2', '--decode', '1', '--reps', '1']),
      thimble(['inspect', model]),
    ]);
    expect(bench.stdout).toMatch(/^Tiny Chat, wasm/);
    expect(inspected.stdout).toContain('Tiny Chat');
  });
});
