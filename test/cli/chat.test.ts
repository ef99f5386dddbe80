import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scriptedModel } from '../helpers/scripted_model.ts';
import { openWorkbench, thimble, type Workbench } from './cli.ts';

describe('thimble chat from a pipe', () => {
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

  it('takes every line for a message, whatever is in it: a pipe gives no commands', async () => {
    const file = bench.path('kept.txt');
    await writeFile(file, 'kept');
    const lines = [`/save ${file}`, '/exit', '/load nowhere.json', '?', 'Once upon a time'];
    const { code, stdout, stderr } = await chat(`${lines.join('\n')}\n`);
    expect([code, stderr, await readFile(file, 'utf8')]).toEqual([0, '', 'kept']);
    expect(stdout.trimEnd().split('\n').length).toBeGreaterThanOrEqual(lines.length);
  });

  it("gives the model's text as it is, marks and all", async () => {
    const bold = await chat('Once upon a time\n', '--logit-bias', '2:-inf');
    const raw = await thimble(['run', bench.talking, '--prompt', 'Once upon a time', '--temp', '0', '-n', '5']);
    expect(bold.stdout).toBe(raw.stdout);
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

/** Calls as Qwen's models write them; behind a result the answer is begun with a word that the script goes on from. */
const template = `{% for t in tools or [] %}{{ t.function.name }};{% endfor %}{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content or '' }}{% for c in m.tool_calls or [] %}<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endfor %}<|im_start|>assistant
{% if messages[-1].role == 'tool' %}Sky:{% endif %}`;

describe('thimble chat --tools', () => {
  let folder: string;
  let caller: string;
  let tools: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thimble-chat-'));
    [caller, tools] = ['caller.gguf', 'tools.json'].map((name) => join(folder, name)) as [string, string];
    const says = [['<tool_call>', 4], ['</tool_call>', 4], ['<|im_end|>', 3], ['Sky:', 4], ' sunny', ['<|end|>', 3]] as const; // prettier-ignore
    const model = await scriptedModel({ says, template, knows: [['<|im_start|>', 3]] });
    await writeFile(caller, new Uint8Array(await model.arrayBuffer()));
    const parameters = {
      type: 'object',
      properties: { city: { const: 'Paris' } },
      required: ['city'],
      additionalProperties: false,
    };
    await writeFile(tools, JSON.stringify([{ type: 'function', function: { name: 'weather', parameters } }]));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const options = ['--temp', '0', '--threads', '1'];

  it('shows a call, and takes the next message for what it returns', async () => {
    const { code, stdout, stderr } = await thimble(
      ['chat', caller, '-n', '60', '-c', '2048', ...options, '--tools', tools],
      {
        input: 'How is the weather?\n21 degrees\n',
      },
    );
    expect([code, stdout]).toEqual([0, '`weather({"city": "Paris"})`\n sunny\n']);
    expect(stderr).toBe('your next message is what weather({"city":"Paris"}) returns\n');
  });
});
