import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormatError, openModel, ResourceError, type ChatMessage, type ToolDefinition } from 'thimble';
import { compileTemplate } from '../../src/chat/template.ts';
import { cliPath, thimble, type RunOptions } from '../cli/cli.ts';
import { vocabFile } from '../helpers/vocab_files.ts';

/**
 * Every row of ../shared/cases, of its README.md and its RELIABILITY.md: small files with their commands and right values, which came
 * from other programs. test/README.md says which tests hold the same kinds where ../shared is absent.
 */

const shared = new URL('../../../shared/cases/', import.meta.url);
const at = (name: string) => fileURLToPath(new URL(name, shared));
const R = (name: string) => at(`reliability/${name}`);
const root = fileURLToPath(new URL('../..', import.meta.url));
const greedy = { temperature: 0, ignoreEos: true } as const;

let folder: string;
const inFolder = (name: string) => join(folder, name);
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'thimble-cases-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Seconds that "at once" may take here, where machines are shared: what it replaces took minutes, hours or gigabytes. */
const SOON = 15;

async function soon(args: readonly string[], options?: RunOptions) {
  const begin = performance.now();
  const ended = await thimble(args, options);
  expect((performance.now() - begin) / 1000).toBeLessThan(SOON);
  return ended;
}

/** Ends with code 1, says all of `words`, and writes nothing. */
async function refused(args: readonly string[], ...words: RegExp[]): Promise<void> {
  const before = readdirSync(folder);
  const { code, stderr } = await soon(args);
  for (const word of words) expect(stderr).toMatch(word);
  expect(code).toBe(1);
  expect(readdirSync(folder)).toEqual(before);
}

const run = (file: string, ...more: string[]) => [
  'run',
  file,
  '--raw',
  '--prompt',
  'abc',
  '--temp',
  '0',
  '-n',
  '8',
  ...more,
];

describe.skipIf(!existsSync(shared))('../shared/cases (skipped where it is absent)', () => {
  describe('files that should open', () => {
    it.each([
      ...['pad-id-outside', 'eos-id-outside', 'eot-id-outside', 'kv-heads-per-layer', 'numbers-per-layer'],
      ...['template-cut-off', 'template-list', 'template-number'],
    ])('%s', async (name) => {
      const { code, stdout, stderr } = await thimble(run(at(`${name}.gguf`), '--json'));
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
      expect(JSON.parse(stdout)).toMatchObject({ tokens: [172, 186, 54, 28, 28, 28, 246, 246] });
    });

    it.each(['template-cut-off', 'template-list', 'template-number'])('%s: only chat says so', async (name) => {
      const file = at(`${name}.gguf`);
      expect((await thimble(['inspect', file])).code).toBe(0);
      await refused(['run', file, '--prompt', 'abc'], /template/);
    });

    it('tensor-without-elements', async () => {
      const inspected = async (file: string) => {
        const { code, stdout } = await thimble(['inspect', file, '--json']);
        expect(code).toBe(0);
        const { tensors } = JSON.parse(stdout) as {
          tensors: { name: string; shape: number[]; sizeBytes: number; offsetBytes: number }[];
        };
        return tensors;
      };
      const file = at('tensor-without-elements.gguf');
      const tensors = await inspected(file);
      expect(tensors).toHaveLength(3);
      const marker = JSON.stringify(tensors.find(({ name }) => name === 'marker'));
      expect(marker).toMatch(/"shape":\[0\]/);
      expect(marker).toMatch(/ytes":0/);
      const offsets = (JSON.stringify(tensors).match(/"offset\w*":\d+/gi) ?? []).map((text) =>
        Number(/\d+/.exec(text)),
      );
      if (offsets.length > 0) expect(offsets.map((offset) => offset - offsets[0]!)).toEqual([0, 32, 32]);
      const merged = inFolder('merged.gguf');
      expect((await thimble(['merge', file, merged])).code).toBe(0);
      expect((await inspected(merged)).map(({ name, shape }) => [name, shape])).toEqual(
        tensors.map(({ name, shape }) => [name, shape]),
      );
    });

    it('tensor-of-4-by-0', async () => {
      const { stdout } = await thimble(['inspect', at('tensor-of-4-by-0.gguf'), '--json']);
      const { tensors } = JSON.parse(stdout) as { tensors: { name: string }[] };
      const marker = JSON.stringify(tensors.find(({ name }) => name === 'marker'));
      expect(marker).toMatch(/"shape":\[0,4\]/);
      expect(marker).toMatch(/ytes":0/);
    });
  });

  describe('files that should be refused', () => {
    it('more-rows-than-tokens', async () => {
      const file = at('more-rows-than-tokens.gguf');
      const text = inFolder('text.txt');
      writeFileSync(text, 'some text to be predicted, some text to be predicted');
      const names = /token_embd\.weight/;
      await refused(['run', file, '--raw', '--prompt', 'abc', '-n', '4'], names);
      await refused(['logits', file, '--prompt', 'abc', '--out', inFolder('logits.f32')], names);
      await refused(['perplexity', file, text], names);
    });

    it.each([
      ['query-norm', /blk\.0\.attn_q_norm\.weight/],
      ['output-bias', /output\.bias/],
      ['nan-in-keys', /NaN|finite/],
    ])('%s', async (name, names) => {
      await refused(run(at(`${name}.gguf`)), names);
    });

    it.each(['f32', 'f16', 'bf16', 'q4_0', 'q4_1', 'q5_0', 'q5_1', 'q8_0', 'q2_k', 'q3_k', 'q4_k', 'q5_k', 'q6_k'])(
      'quantize to %s: nan-weight, infinite-weight',
      async (type) => {
        await refused(['quantize', at('nan-weight.gguf'), inFolder('n.gguf'), '--type', type], /NaN|finite/);
        await refused(['quantize', at('infinite-weight.gguf'), inFolder('i.gguf'), '--type', type], /infinite|finite/);
      },
    );

    it('quantize to f16: weight-70000, which is fine in other types', async () => {
      const file = at('weight-70000.gguf');
      await refused(['quantize', file, inFolder('w.gguf'), '--type', 'f16'], /infinite|f16|finite/);
      for (const type of ['q4_0', 'q8_0', 'bf16']) {
        expect((await thimble(['quantize', file, inFolder(`w-${type}.gguf`), '--type', type])).code, type).toBe(0);
      }
    });
  });

  it('a context that fills up keeps BOS: says-y-while-bos-is-seen', async () => {
    const file = at('says-y-while-bos-is-seen.gguf');
    const { stdout } = await thimble([
      ...['run', file, '--raw', '--prompt', 'ab', '--ctx', '32', '--shift', '-n', '60', '--temp', '0'],
      '--json',
    ]);
    const { text } = JSON.parse(stdout) as { text: string };
    expect(text).toMatch(/^y+$/);
    expect(text.length).toBeGreaterThan(31); // beyond the context; an answer that goes round in circles may end
  });

  describe('sessions and chats', () => {
    it('a session of twin-a is refused by twin-b', async () => {
      await using a = await openModel(at('twin-a.gguf'));
      await using b = await openModel(at('twin-b.gguf'));
      const session = a.openSession();
      await session.generate('abcdefgh', { ...greedy, maxTokens: 8 });
      const bytes = await session.save();
      await expect(b.openSession().restore(bytes)).rejects.toThrow(FormatError);
      await a.openSession().restore(bytes);
    });

    it('plain: two sends wait for each other', async () => {
      await using model = await openModel(at('plain.gguf'));
      const chat = model.chat({ ...greedy, maxTokens: 4 });
      await Promise.all([chat.send('one'), chat.send('two')]);
      expect(chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
    });

    it('plain: closing ends an endless answer within a second', async () => {
      const model = await openModel(at('plain.gguf'), { nCtx: 64 });
      const answer = model.generate('abc', { maxTokens: 400_000, ignoreEos: true, onFull: 'shift' });
      const iterator = answer[Symbol.asyncIterator]();
      await iterator.next();
      const begin = performance.now();
      await model.close();
      expect(performance.now() - begin).toBeLessThan(3000); // one second, where the machine is its own
      const rest = (async () => {
        while (!(await iterator.next()).done);
      })();
      await expect(rest).rejects.toThrow(/the model is closed/);
    });
  });

  interface Render {
    readonly name: string;
    readonly model: string;
    readonly messages: ChatMessage[];
    readonly tools?: ToolDefinition[];
    readonly text: string;
  }
  const renders = existsSync(shared) ? (JSON.parse(readFileSync(at('renders.json'), 'utf8')) as Render[]) : [];
  it.each(renders)('chat template: $name', async ({ model: file, messages, tools, text }) => {
    await using model = await openModel(at(file));
    const tokens = await model.tokenize({ messages, tools });
    expect(await model.detokenize(tokens, { special: true })).toBe(text);
  });

  it.each([
    ...[
      ['%c', 'Mon Jan  5 14:03:09 2026'],
      ['%x', '01/05/26'],
      ['%X', '14:03:09'],
      ['%D', '01/05/26'],
      ['%R', '14:03'],
    ],
    ...[
      ['%r', '02:03:09 PM'],
      ['%h', 'Jan'],
      ['%C', '20'],
      ['%G', '2026'],
      ['%g', '26'],
      ['%V', '02'],
      ['%U', '01'],
    ],
    ...[
      ['%W', '01'],
      ['%n', '\n'],
      ['%t', '\t'],
    ],
  ] as [string, string][])('strftime_now %s', (directive, right) => {
    const template = compileTemplate(`[{{ strftime_now('${directive}') }}]`);
    const now = new Date(2026, 0, 5, 14, 3, 9);
    expect(template.render({ messages: [], addGenerationPrompt: false, bosToken: '', eosToken: '', now })).toBe(
      `[${right}]`,
    );
  });

  it('WordPiece: a word of more than 100 characters is unknown', async () => {
    writeFileSync(inFolder('bge.gguf'), vocabFile('bert-bge')!);
    const input = readFileSync(at('long-word.txt'));
    const { stdout } = await thimble(['tokenize', inFolder('bge.gguf'), '--json'], { input });
    expect((JSON.parse(stdout) as { tokens: number[] }).tokens).toEqual([100, 2085]);
  });
});

describe.skipIf(!existsSync(shared))('../shared/cases/reliability (skipped where it is absent)', () => {
  const script = (name: string): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [R(name)], {
      cwd: root,
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect([status, stderr], name).toEqual([0, '']);
    return stdout;
  };

  describe('model files', () => {
    it('rope-dim-65536: inspect shows the rest of the file', async () => {
      const file = R('rope-dim-65536.gguf');
      await refused(['run', file, '--raw', '-p', 'x'], /llama\.rope\.dimension_count/);
      const { code, stdout } = await soon(['inspect', file]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/token_embd\.weight/);
      await expect(openModel(file)).rejects.toThrow(FormatError);
    });

    it.each([
      ['rope-freq-base-0', /llama\.rope\.freq_base/],
      ['context-length-0', /llama\.context_length/],
      ['block-count-1-of-2', /blk\.1\./],
      ['nan-in-attn-v', /NaN|finite/],
      ['tokens-260-rows-272', /260.*272|272.*260/],
    ])('%s', async (name, names) => {
      const file = R(`${name}.gguf`);
      await refused(['run', file, '--raw', '-p', 'hello', '--temp', '0', '-n', '8'], names);
      const opened = openModel(file).then(async (model) => {
        await using _ = model;
        await model.generate([1, 2, 3], { ...greedy, maxTokens: 4 });
      });
      await expect(opened).rejects.toThrow(FormatError);
    });

    it('vocabulary.mjs: refused while opening', () => {
      const { status, stderr } = spawnSync(process.execPath, [R('vocabulary.mjs')], { cwd: root, encoding: 'utf8' });
      expect(status).toBe(1);
      expect(stderr).toMatch(/FormatError: token_embd\.weight has 272 rows, the tokenizer 260 tokens/);
    });

    it('nan-in-attn-v: quantize writes nothing', async () => {
      await refused(['quantize', R('nan-in-attn-v.gguf'), inFolder('out.gguf'), '--type', 'q4_0'], /NaN|finite/);
    });

    it('kv-dim-64: 16 GiB of keys and values, at once', async () => {
      const file = R('kv-dim-64.gguf');
      const { stdout } = await soon(['inspect', file, '--ctx', '16777216', '--kv', 'f32', '--json']);
      const { memory } = JSON.parse(stdout) as { memory: Record<string, unknown> };
      const kvBytes =
        memory['kvBytes'] ?? memory['kv_bytes'] ?? (JSON.stringify(memory).match(/17179869184/) && 2 ** 34);
      expect(kvBytes).toBe(2 ** 34);
      const begin = performance.now();
      await expect(openModel(file, { nCtx: 2 ** 24, kvType: 'f32' })).rejects.toThrow(ResourceError);
      expect((performance.now() - begin) / 1000).toBeLessThan(SOON);
    });

    it('added-token-20000: 200,000 letters in linear time', async () => {
      const { code } = await soon(['tokenize', R('added-token-20000.gguf')], { input: 'a'.repeat(200_000) });
      expect(code).toBe(0);
    });

    it('template-broken: --raw needs no template', async () => {
      const file = R('template-broken.gguf');
      expect((await thimble(['run', file, '--raw', '-p', 'x', '-n', '4'])).code).toBe(0);
      await refused(['run', file, '-p', 'x'], /template/);
    });
  });

  describe('chat templates', () => {
    it('template-abort.mjs: abort and close are heard', () => {
      const said = script('template-abort.mjs');
      expect(said).not.toContain('STILL RUNNING');
      expect(said).toMatch(/close\(\): closed/);
    });

    it.each(['startswith', 'int', 'splitlines', 'braces', 'wordcount'])('template-%s: an error, soon', async (name) => {
      await refused(['run', R(`template-${name}.gguf`), '-p', 'x'], /steps|long|template/);
    });
  });

  describe('library', () => {
    it('close-during-answer.mjs', () => expect(script('close-during-answer.mjs')).toContain('close(): closed'));

    it('two-sends.mjs', () => expect(script('two-sends.mjs')).toContain("[ 'first', 'second' ]"));

    it('long-history.mjs: about linear, and an abort is heard', () => {
      const said = script('long-history.mjs');
      const times = [...said.matchAll(/(\d+) ms of CPU/g)].map(([, ms]) => Number(ms));
      expect(times).toHaveLength(4);
      expect(times[3]! / Math.max(times[0]!, 50)).toBeLessThan(24); // eight times the messages; it was thirty times as long
      expect(said).not.toContain('STILL RUNNING');
    });

    it('restore-damaged.mjs', () => {
      const said = script('restore-damaged.mjs');
      expect(said).toContain('zeros over 3,000 bytes: FormatError');
      expect(said).toContain('header null: FormatError');
    });

    it('callback-throws.mjs', () => expect(script('callback-throws.mjs')).toBe('rejected with mine\nstill here\n'));

    it('typed-prompt.mjs', () => {
      const [typed, stop, options] = script('typed-prompt.mjs').trim().split('\n');
      expect(typed).toMatch(/^\[ \d+, \d+ \]$/);
      expect(stop).toMatch(/^\[.*\]$/);
      expect(options).toMatch(/^TypeError: unknown option of openModel contextSize \(is it nCtx\?\)/);
    });
  });

  describe('command line and files', () => {
    const hasScript = spawnSync('script', ['--version']).status === 0;
    /** What reaches a terminal. */
    const onTerminal = (command: string): string => {
      const line = `"${process.execPath}" "${cliPath}" ${command}`;
      return execFileSync('script', ['-qec', line, '/dev/null'], { cwd: root, encoding: 'latin1', timeout: 50_000 });
    };
    const raw = Buffer.from('\u009b\u202e').toString('latin1');

    it.skipIf(!hasScript)('name-with-escapes: bench', () => {
      const said = onTerminal(`bench ${R('name-with-escapes.gguf')} --prefill 4 --decode 2 --reps 1`);
      expect(said).not.toMatch(/\x1b\]|\x1b\[2J|\x7f/);
    });

    it.skipIf(!hasScript)('name-with-escapes: inspect --json', () => {
      const said = onTerminal(`inspect ${R('name-with-escapes.gguf')} --json`);
      for (const half of [raw.slice(0, 2), raw.slice(2), '\x7f', '\x1b]']) expect(said).not.toContain(half);
      expect(said).toMatch(/\\u009b/i);
    });

    it('chatty: 200,000 characters are tokens', async () => {
      const { code, stdout, stderr } = await soon(['tokenize', R('chatty.gguf')], { input: 'a'.repeat(200_000) });
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.trimEnd().split('\n').length).toBeGreaterThan(100_000);
    });

    it('chatty: /load of odd messages, then the chat goes on', async () => {
      const input = `/load ${R('load-tool-calls.json')}\nhello\n/exit\n`;
      const { code, stdout, stderr } = await soon(['chat', R('chatty.gguf'), '-n', '4'], { input });
      expect(stdout + stderr).not.toMatch(/is not a function/);
      expect(code).toBe(0);
    });

    it('chatty: /save over a file by a line of piped text leaves the file', async () => {
      writeFileSync(inFolder('f'), 'x\n');
      await soon(['chat', R('chatty.gguf'), '-n', '4'], { input: `/save ${inFolder('f')}\n` });
      expect(readFileSync(inFolder('f'), 'utf8')).toBe('x\n');
    });

    it.skipIf(process.platform === 'win32')('a FIFO is no file', async () => {
      const fifo = inFolder('p');
      execFileSync('mkfifo', [fifo]);
      const { status, stderr } = spawnSync(process.execPath, [cliPath, 'run', fifo, '-p', 'x'], {
        timeout: SOON * 1000,
      });
      expect([status, stderr.toString()]).toEqual([1, expect.stringMatching(/not a file/)]);
    });

    it('SIGTERM leaves no .part file', () => {
      const big = join(root, 'models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf');
      const args = ['0.6', process.execPath, cliPath, 'quantize', big, inFolder('big.gguf'), '--type', 'q8_0'];
      spawnSync('timeout', args);
      expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([]);
    });
  });
});
