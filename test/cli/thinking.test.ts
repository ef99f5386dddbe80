import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPty, type Pty } from '../helpers/pty.ts';
import { templateOf } from '../helpers/saying_models.ts';
import { scriptedModel } from '../helpers/scripted_model.ts';
import { cliPath, thimble } from './cli.ts';

/** It thinks, unless it is told not to; what it was told stands in its prompt. */
const template = `{% for m in messages %}{{ m.content }}{% endfor %}{% if enable_thinking is defined %}{{ enable_thinking }}{% endif %}
{%- if reasoning_effort is defined %} {{ reasoning_effort }}{% endif %}{# <think> </think> #}`;

describe('a model that thinks', () => {
  let folder: string;
  let thinker: string;
  let open: Pty[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thimble-thinking-'));
    thinker = join(folder, 'thinker.gguf');
    const says = ['<think>', '\n', 'Hm', ', so', '\n', '</think>', '\n\n', 'Paris', '.'].map((piece) =>
      piece.includes('think') ? ([piece, 4] as const) : piece,
    );
    const model = await scriptedModel({ says: [...says, ['<|im_end|>', 3]], template });
    await writeFile(thinker, new Uint8Array(await model.arrayBuffer()));
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(() => {
    for (const pty of open) pty.kill('SIGKILL');
    open = [];
  });
  const greedy = ['--temp', '0', '--threads', '1'];
  const run = (...options: string[]) => thimble(['run', thinker, 'hi', ...greedy, ...options]);

  it('prints what it says to a pipe, with its thoughts or without', async () => {
    expect((await run()).stdout).toBe('<think>\nHm, so\n</think>\n\nParis.\n');
    expect((await run('--hide-thinking')).stdout).toBe('Paris.\n');
    expect((await run('--hidethinking')).stdout).toBe('Paris.\n');
    expect((await run('--raw')).stdout).toBe('<think>\nHm, so\n</think>\n\nParis.\n');
    const chat = (...options: string[]) => thimble(['chat', thinker, ...greedy, ...options], { input: 'a\nb\n' });
    const said = '<think>\nHm, so\n</think>\n\nParis.\n';
    expect((await chat()).stdout).toBe(said + said);
    expect((await chat('--hide-thinking')).stdout).toBe('Paris.\nParis.\n');
  });

  it('that speaks Harmony prints an empty line behind its thoughts, where a pipe gets both apart', async () => {
    const control = (name: string) => [`<|${name}|>`, 3] as const;
    const says = [control('channel'), 'analysis', control('message'), 'Hm', control('end'), control('start')];
    const knows = [control('call'), control('return'), control('constrain')];
    const model = await scriptedModel({ says, knows, template: templateOf('openai-gpt-oss-120b') });
    const [file, tools] = ['oss.gguf', 'tools.json'].map((name) => join(folder, name)) as [string, string];
    await writeFile(file, new Uint8Array(await model.arrayBuffer()));
    await writeFile(tools, JSON.stringify([{ type: 'function', function: { name: 'now' } }]));
    const { stdout } = await thimble(['run', file, 'hi', ...greedy, '--tools', tools, '-n', '260', '-c', '2048']);
    expect(stdout).toMatch(/^Hm(\n\nHm)+\n\n[^\nH]/);
  });

  it('gives programs both apart', async () => {
    expect(JSON.parse((await run('--json')).stdout)).toMatchObject({ thinking: 'Hm, so', text: 'Paris.' });
  });

  it('is told whether to think, and how hard', async () => {
    const nTokens = async (...options: string[]) =>
      (JSON.parse((await run('--json', ...options)).stdout) as { prompt_tokens: number }).prompt_tokens;
    const hi = 'hi'.length;
    expect(await nTokens()).toBe(hi);
    expect(await nTokens('--think', 'off')).toBe(hi + 'False'.length);
    expect(await nTokens('--think=true')).toBe(hi + 'True'.length);
    expect(await nTokens('--think', 'high')).toBe(hi + 'True high'.length);
    expect(await nTokens('--think', 'off', '--template-vars', '{"enable_thinking":"maybe"}')).toBe(hi + 'maybe'.length);
  });

  it('thinks dim at a terminal, where /think says whether it does and whether one sees it', async () => {
    const pty = openPty(process.execPath, [cliPath, 'chat', thinker, ...greedy, '--no-history'], { env: { TMUX: '' } });
    open.push(pty);
    await pty.see('? for help');
    const say = async (line: string, wanted: string) => {
      pty.type(`${line}\r`);
      await pty.see((screen) => screen.join('\n').includes(wanted) && screen.some((row) => row.startsWith('> ask')));
    };
    await say('hi', 'Paris.');
    const rows = pty.everything();
    const at = rows.indexOf('Hm, so');
    expect(rows.slice(at, at + 3)).toEqual(['Hm, so', '', 'Paris.']);
    expect(pty.raw()).toContain('\x1b[2mHm, so');
    expect(rows.join('\n')).not.toContain('think>');
    await say('/show', 'as its template decides; thoughts are shown');
    await say('/think hide', 'thoughts are hidden');
    await say('again', 'Paris.');
    expect(pty.everything().filter((row) => row.includes('Hm, so'))).toHaveLength(1);
    await say('/set max-tokens 3', 'max-tokens 3, set here');
    await say('once more', '· thoughts alone');
    await say('/set max-tokens default', 'has its default');
    await say('/think off', 'thinking: off; thoughts are hidden');
    await say('/think hard', '/think takes on, off, low, medium, high, show, hide or default');
    await say('/set think high', 'thinking: high');
    await say('/set nothink', 'thinking: off');
    await say('/think default', 'as its template decides');
    const file = join(folder, 'saved.json');
    await say(`/save ${file}`, 'saved 6 messages');
    const { messages } = JSON.parse(await readFile(file, 'utf8')) as { messages: object[] };
    expect(messages[1]).toEqual({ role: 'assistant', content: 'Paris.', reasoningContent: 'Hm, so' });
  });

  it('shows its marks where nothing can look different', async () => {
    const env = { TERM: 'dumb', TMUX: '' };
    const pty = openPty(process.execPath, [cliPath, 'chat', thinker, ...greedy], { env });
    open.push(pty);
    pty.type('hi\r');
    await pty.see('Paris.');
    expect(pty.everything().join('\n')).toContain('<think>\nHm, so\n</think>\n\nParis.');
    pty.type('/think hide\rhi\r');
    await pty.see((screen) => screen.filter((row) => row.includes('Paris.')).length === 2);
    expect(pty.everything().filter((row) => row.includes('Hm'))).toHaveLength(1);
  });

  it('says where its template cannot be told', async () => {
    const plain = join(folder, 'plain.gguf');
    const model = await scriptedModel({ says: ['Yes', ['<|im_end|>', 3]], template: '{{ messages[0].content }}' });
    await writeFile(plain, new Uint8Array(await model.arrayBuffer()));
    const pty = openPty(process.execPath, [cliPath, 'chat', plain, ...greedy, '--no-history'], { env: { TMUX: '' } });
    open.push(pty);
    await pty.see('? for help');
    pty.type('/think off\r');
    await pty.see("this model's template does not ask whether to think");
  });
});
