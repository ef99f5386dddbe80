import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveStories260k } from '../helpers/stories260k.ts';
import { openWorkbench, thimble, type Workbench } from './cli.ts';

describe.skipIf(!haveStories260k)('thimble chat from a pipe (needs ../shared/data/stories260K)', () => {
  let bench: Workbench;
  beforeAll(async () => void (bench = await openWorkbench()));
  afterAll(() => bench.close());
  const chat = (input: string, ...options: string[]) =>
    thimble(['chat', bench.talking, '--temp', '0', '-n', '5', ...options], { input });

  it('answers line by line, without colours or banner', async () => {
    const { code, stdout, stderr } = await chat('Once upon a time\nThe\n');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stdout).not.toContain('\x1b');
  });

  it('saves, loads, answers again, and keeps the system message', async () => {
    const file = bench.path('saved.json');
    const saved = await chat(
      `/system Be kind\nOnce upon a time\n/save ${file}\n/clear\n/load ${file}\n/regen\n/save ${file}\n`,
    );
    expect([saved.code, saved.stderr.split('\n')]).toEqual([
      0,
      [
        'the model is told so from the next message on',
        `saved 3 messages to ${file}`,
        'the conversation is forgotten',
        `going on after 3 messages from ${file}`,
        `saved 3 messages to ${file}`,
        '',
      ],
    ]);
    const [first, again] = saved.stdout.split('\n');
    expect(again).toBe(first);
    const { messages } = JSON.parse(await readFile(file, 'utf8')) as { messages: object[] };
    expect(messages).toEqual([
      { role: 'system', content: 'Be kind' },
      { role: 'user', content: 'Once upon a time' },
      { role: 'assistant', content: first },
    ]);
  });

  it('knows its commands', async () => {
    const { stdout, stderr } = await chat('/help\n/hepl\nOnce\n/stats\n/exit\nnever said\n');
    for (const name of ['/clear', '/system TEXT', '/save FILE', '/load FILE', '/regen', '/stats', '/exit']) {
      expect(stderr).toContain(`  ${name}`);
    }
    expect(stderr).toContain('there is no command /hepl; did you mean /help?');
    expect(stderr).toMatch(/1 answers, 5 tokens, .*\ncontext \d+ of 512 positions/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('refuses a file that is no conversation', async () => {
    await writeFile(bench.path('wrong.json'), '{"messages":[{"role":"user"}]}');
    const { code, stderr } = await chat(`/load ${bench.path('wrong.json')}\n`);
    expect([code, stderr]).toEqual([1, expect.stringContaining('has no list of messages with role and content')]);
  });

  it('goes on when the conversation outgrows the context, and says so', async () => {
    const line = 'Once upon a time there was a little girl\n';
    const { code, stdout, stderr } = await chat(line.repeat(12), '--ctx', '96');
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(12);
    expect(stderr).toMatch(/the context is full: the \d+ oldest messages are left out from now on/);
  });

  it('says when a single message is too long', async () => {
    const { code, stderr } = await chat(`${'little girl '.repeat(100)}\n`, '--ctx', '64');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/the prompt has \d+ tokens, the context 64/)]);
  });

  it('stops the answer at the first Ctrl-C and the program at the second', async () => {
    const seen: string[] = [];
    const { code, stdout, stderr } = await thimble(['chat', bench.talking, '--temp', '0', '--logit-bias', '2:-inf'], {
      input: 'Once upon a time\n',
      onStdout(out, child) {
        if (seen.length === 0 && out.length > 200) {
          seen.push('first');
          child.kill('SIGINT');
        } else if (seen.length === 1 && out.endsWith('\n')) {
          seen.push('stopped');
          setTimeout(() => child.kill('SIGINT'), 300);
        }
      },
    });
    expect([code, seen]).toEqual([130, ['first', 'stopped']]);
    expect(stdout.length).toBeGreaterThan(200);
    expect(stderr).toBe('stopped\n');
  });
});
