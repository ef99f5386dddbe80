import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, thimble, type Workbench } from './cli.ts';

/** How the commands behave, with a model that knows stories and nothing else. */
describe('commands that do something to a text', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await openWorkbench();
    await writeFile(bench.path('short.txt'), 'There was a little girl.\n\nShe had a dog.\n');
  });
  afterAll(() => bench.close());
  const run = (...args: string[]) => thimble([...args, '--model', bench.talking]);

  it('stream their text, and nothing else into a pipe', async () => {
    for (const command of [
      ['summarize'],
      ['rewrite', '--tone', 'more-formal'],
      ['translate', '--to', 'fr', '--from', 'en'],
    ]) {
      const { code, stdout, stderr } = await run(...command, bench.path('short.txt'));
      expect([code, stderr.replace(/\d+ answers? ended before the model ended it\n/, '')]).toEqual([0, '']);
      expect(stdout).toMatch(/^\S[^]*\S\n$/);
    }
  });

  it('read stdin, and print one object with --json', async () => {
    const line = ['translate', '--to', 'de', '--json', '--model', bench.talking];
    const { code, stdout } = await thimble(line, { input: 'There was a little girl. She had a dog.\n' });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ from: 'en', pieces: 1, text: expect.stringMatching(/\n$/) as string });
  });

  it('say in what a text was corrected, and leave alone what was made up', async () => {
    const { stdout, code } = await run('proofread', bench.path('short.txt'), '--json');
    expect(code).toBe(0);
    const { text, skipped } = JSON.parse(stdout) as { text: string; skipped: { start: number; end: number }[] };
    expect(text.split('\n')).toHaveLength(4);
    expect(skipped.length).toBeGreaterThan(0);
    expect((await run('proofread', bench.path('short.txt'), '--list')).code).toBe(0);
  });

  it.each([
    [['translate'], '--to is missing, the language to translate into: --to fr'],
    [['translate', '--to', 'q'], 'to is "q", expected the tag of a language'],
    [['summarize', '--length', 'tiny'], '--length is "tiny", expected short, medium or long'],
    [['summarize', '--model', 'none.gguf'], 'cannot open none.gguf'],
    [['rewrite', 'a', 'b'], 'unexpected argument "b", expected [FILE] [options]'],
  ])('%j says what is wrong', async (args, message) => {
    const line = args.includes('--model') ? args : [...args, '--model', bench.talking];
    const { code, stderr } = await thimble(line, { input: 'Hello there.' });
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });

  it('say so where there is no text', async () => {
    const { code, stderr } = await thimble(['summarize', '--model', bench.talking], { input: ' \n' });
    expect([code, stderr]).toEqual([2, expect.stringContaining('the text is empty')]);
  });
});
