import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, thimble, type Workbench } from './cli.ts';

const schema = {
  type: 'object',
  properties: { sky: { enum: ['blue', 'grey'] } },
  required: ['sky'],
  additionalProperties: false,
};

describe('--schema and --grammar', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await openWorkbench();
    await writeFile(bench.path('sky.json'), JSON.stringify(schema));
    await writeFile(bench.path('sky.gbnf'), 'root ::= "The sky is " ("blue" | "grey") "."\n');
    await writeFile(bench.path('broken.json'), '{ "type": ');
    await writeFile(bench.path('broken.gbnf'), 'root ::= ("a" | \n');
    await writeFile(bench.path('number.json'), '5');
  });
  afterAll(() => bench.close());
  const run = (...args: string[]) =>
    thimble(['run', bench.stories, '--raw', '--prompt', 'The sky is', '--temp', '0', ...args]);

  it('hold an answer to a schema', async () => {
    const { stdout, code } = await run('--schema', bench.path('sky.json'), '--json');
    const { text, stop_reason } = JSON.parse(stdout) as { text: string; stop_reason: string };
    expect(['blue', 'grey']).toContain((JSON.parse(text) as { sky: string }).sky);
    expect([stop_reason, code]).toEqual(['eos', 0]);
  });

  it('hold an answer to a grammar', async () => {
    const { stdout, code } = await run('--grammar', bench.path('sky.gbnf'));
    expect(stdout).toMatch(/^The sky is (blue|grey)\.\n$/);
    expect(code).toBe(0);
  });

  it('hold every answer of a chat', async () => {
    const input = 'hello\nwhat is it\n';
    const { stdout, code } = await thimble(['chat', bench.talking, '--schema', bench.path('sky.json')], { input });
    const said = stdout.trim().split(/\n+/).map((line) => JSON.parse(line) as unknown); // prettier-ignore
    expect([said.length, code]).toEqual([2, 0]);
  });

  it('say what is wrong with them', async () => {
    const both = run('--schema', bench.path('sky.json'), '--grammar', bench.path('sky.gbnf'));
    const cases = [
      [both, 2, /--schema and --grammar both/],
      [run('--schema', bench.path('missing.json')), 2, /--schema is .*missing.json.*cannot be read/],
      [run('--schema', '{"type":"object"}'), 2, /it takes the path of a file/],
      [run('--schema', bench.path('broken.json')), 2, /the file of --schema is no JSON/],
      [run('--schema', bench.path('number.json')), 2, /holds no JSON Schema/],
      [run('--grammar', bench.path('broken.gbnf')), 1, /grammar/],
      [run('--json-schema', '{}'), 2, /write the JSON Schema into a file, and give --schema FILE/],
    ] as const;
    for (const [ended, code, message] of cases) {
      const { stderr, stdout, code: came } = await ended;
      expect([came, stdout, stderr]).toEqual([code, '', expect.stringMatching(message)]);
    }
  });
});
