import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../apps/cli/commands/index.ts';
import { wordyEncoder } from '../helpers/tiny_encoders.ts';
import { tinyModel, types } from '../helpers/tiny_models.ts';
import { haveTerminal, onTerminal, thimble, type TerminalOptions } from './cli.ts';

/** Blinks, sets the window's title, rings, clears; C1; DEL; turns the writing direction, in all three ways; a tab; a line break. */
const nasty = 'a\x1b[5mb\x1b]0;owned\x07c\x1b[2Jd\x9b5me\x9d0;f\x7fg\u202eh\u2066i\u200fj\u061ck\tl\nm';

/** What nothing but a foreign text can bring to a terminal here: our own sequences are colours and moves. */
const foreign =
  /\x1b\[[56]m|\x1b\[2J|\x1b\]|[\0-\x06\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

let folder: string;
let model: string;
let broken: string;
let encoder: string;
let ranker: string;
const text = 'some words and more of them, enough for a window of tokens\n';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thimble-escapes-'));
  model = join(folder, `${nasty.replaceAll('/', '')}.gguf`);
  broken = join(folder, 'broken.gguf');
  const metadata = {
    'general.name': [types.string, nasty],
    'general.license': [types.string, nasty],
    [`llama.${nasty}`]: [types.array, [types.string, [nasty, nasty]]],
  } as const;
  encoder = join(folder, `encoder-${nasty}.gguf`);
  ranker = join(folder, `ranker-${nasty}.gguf`);
  await writeFile(encoder, wordyEncoder('bert-mean', { called: nasty }));
  await writeFile(ranker, wordyEncoder('bert-rank', { called: nasty }));
  await writeFile(model, tinyModel('llama-chat', { metadata }));
  await writeFile(broken, tinyModel('llama', { metadata, added: { [nasty]: [3] } }));
  await writeFile(join(folder, `${nasty}.txt`), text.repeat(20));
});
afterAll(() => rm(folder, { recursive: true }));

interface Line extends TerminalOptions {
  readonly args: readonly string[];
}

/** Lines of each command that show names, metadata, tokens, texts, file names and errors. */
const lines: Readonly<Record<string, () => Line[]>> = {
  chat: () => [
    {
      args: [model, '-n', '4', '--logit-bias', '27:1000'],
      typed: [
        ['> ', 'hi\r'],
        ['tok/s', '\x04'],
      ],
    },
  ],
  run: () => [
    { args: [model, 'hi', '-n', '4', '--logit-bias', '27:1000'] },
    { args: [model, 'hi', '-n', '4', '--logit-bias', '27:1000', '--json'] },
    { args: [model, 'hi', '-n', '4', '--logit-bias', '127:1000', '--json'] },
    { args: [model, 'hi', '--kv', nasty] },
    { args: [model, 'hi', '--backend', nasty] },
    { args: [model, 'hi', '-n', '4', '--logit-bias', '27:1000', '--backend', 'webgpu'] },
    { args: [`${model}x`, 'hi'] },
    { args: [broken, '--raw', 'hi'] },
  ],
  serve: () => {
    const port = String(20_000 + (process.pid % 10_000));
    const request = `fetch('http://127.0.0.1:${port}/tokenize',{method:'POST',body:'{}'}).catch(()=>0)`;
    const asked = `sleep 2; "${process.execPath}" -e "${request}"; sleep 0.2; kill $!; wait`;
    return [
      { args: [model, '--port', port], shell: (line) => `${line} & ${asked}` },
      { args: [`${model}x`] },
      { args: [model, '--host', nasty] },
      { args: ['--folder', join(folder, nasty)] },
    ];
  },
  pull: () => [
    { args: [model, '--directory', join(folder, 'store'), '--name', 'a'] },
    { args: [`${model}x`] },
    { args: [nasty] },
    { args: [`hf:${nasty}`] },
    { args: [`http://127.0.0.1:1/${nasty}.gguf`, '--name', nasty] },
  ],
  list: () => [{ args: ['--directory', folder] }, { args: ['--directory', folder, '--json'] }, { args: [nasty] }],
  rm: () => [{ args: [nasty, '--directory', folder] }, { args: [`hf:org/${nasty}`] }],
  completion: () => [{ args: [nasty] }, { args: ['zsh'] }],
  inspect: () => [
    { args: [model] },
    { args: [model, '--all'] },
    { args: [model, '--json'] },
    { args: [broken] },
    { args: [broken, '--all'] },
    { args: [broken, '--json'] },
  ],
  tokenize: () => [
    { args: [model], shell: (line) => `printf 'a\\033[5m\\302\\233' | ${line}` },
    { args: [model, '--json'], shell: (line) => `printf 'a\\033[5m\\302\\233' | ${line}` },
  ],
  logits: () => [
    { args: [model, '--prompt', 'hi', '--out', join(folder, `${nasty}.f32`)] },
    { args: [model, '--prompt', 'hi', '--out', join(folder, nasty, nasty)] },
  ],
  perplexity: () => [
    { args: [model, join(folder, `${nasty}.txt`), '--ctx', '32', '--chunks', '1'] },
    { args: [model, join(folder, `${nasty}.none`)] },
  ],
  bench: () => [
    { args: [model, '--prefill', '4', '--decode', '2', '--reps', '1'] },
    { args: [model, '--prefill', '4', '--decode', '2', '--reps', '1', '--json'] },
  ],
  split: () => [
    { args: [model, join(folder, `${nasty}-part`), '--max-size', '100K'] },
    { args: [broken, join(folder, nasty, 'part')] },
  ],
  merge: () => [{ args: [model, join(folder, `${nasty}-merged.gguf`)] }, { args: [model, model] }],
  summarize: () => [
    { args: [join(folder, `${nasty}.txt`), '-m', model, '--context', nasty] },
    { args: [join(folder, `${nasty}.none`), '-m', model] },
    { args: [join(folder, `${nasty}.txt`), '-m', model, '--type', nasty] },
  ],
  rewrite: () => [{ args: [join(folder, `${nasty}.txt`), '-m', model, '--language', nasty] }],
  translate: () => [
    { args: [join(folder, `${nasty}.txt`), '-m', model, '--to', nasty] },
    { args: ['-m', model, '--to', 'fr'], shell: (line) => `printf '\\033[5m\\302\\233' | ${line}` },
  ],
  proofread: () => [
    { args: ['-m', model, '--list'], shell: (line) => `printf 'a\\033[5m\\302\\233 b' | ${line}` },
    { args: [join(folder, `${nasty}.txt`), '-m', encoder] },
  ],
  embed: () => [
    { args: [encoder, nasty] },
    { args: [encoder, nasty, '--json'] },
    { args: [encoder, '--file', join(folder, `${nasty}.none`)] },
    { args: [encoder, 'a', '--task', nasty] },
    { args: [encoder, 'a', '--out', join(folder, `${nasty}.rows.f32`)] },
  ],
  rank: () => [
    { args: [ranker, nasty, nasty, 'a cat'] },
    { args: [ranker, nasty, nasty, 'a cat', '--json'] },
    { args: [encoder, 'a', nasty, 'bread'] },
    { args: [ranker, 'a', '--file', join(folder, `${nasty}.none`)] },
  ],
  imatrix: () => [
    { args: [model, join(folder, `${nasty}.txt`), '--out', join(folder, `${nasty}.imatrix.gguf`), '--ctx', '32'] },
    { args: [model, join(folder, `${nasty}.none`), '--out', join(folder, 'x')] },
  ],
  quantize: () => [
    { args: [model, join(folder, `${nasty}-q8.gguf`), '--type', 'q8_0'] },
    { args: [model, join(folder, 'x'), '--type', nasty] },
    { args: [model, 'Q4_K_M', '--dry-run'] },
  ],
};

describe.skipIf(!haveTerminal)('escapes of others never reach a terminal (needs script of util-linux)', () => {
  it.each([...commands.keys()])('%s', async (name) => {
    for (const { args, ...options } of lines[name]!()) {
      const { stdout } = await onTerminal([name, ...args], options);
      const shown = stdout.replaceAll('\r\n', '\n');
      expect(shown.length, args.join(' ')).toBeGreaterThan(10);
      expect(JSON.stringify(foreign.exec(shown)?.[0] ?? ''), `${args.join(' ')}\n${JSON.stringify(shown)}`).toBe('""');
    }
  });

  it('nor do those of a wrong command, an unknown option, or with --debug', async () => {
    for (const args of [
      [nasty],
      ['run', `--${nasty}`],
      ['run', model, 'x', nasty, '--prompt', 'y'],
      ['run', `${model}x`, 'hi', '--debug'],
    ]) {
      const { stdout } = await onTerminal(args);
      expect(stdout).toContain('thimble:');
      expect(JSON.stringify(foreign.exec(stdout)?.[0] ?? '')).toBe('""');
    }
  });

  it('a pipe gets every byte as it is', async () => {
    const { stdout } = await thimble(['run', model, 'hi', '-n', '3', '--logit-bias', '27:1000']);
    expect(stdout).toBe('\x1b\x1b\x1b\n');
    const { stdout: json } = await thimble(['inspect', model, '--json']);
    expect((JSON.parse(json) as { metadata: object }).metadata).toMatchObject({ 'general.name': nasty });
    expect(json).toContain('\u202e');
  });

  it('JSON on a terminal says the same', async () => {
    const { stdout } = await onTerminal(['inspect', model, '--json']);
    expect((JSON.parse(stdout) as { metadata: object }).metadata).toMatchObject({ 'general.name': nasty });
  });
});
