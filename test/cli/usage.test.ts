import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commonOptions, parseArguments, suggestion } from '../../apps/cli/command.ts';
import { commands } from '../../apps/cli/commands/index.ts';
import { cliPath, thimble } from './cli.ts';

describe('help', () => {
  it('lists every command, without a command and with --help', async () => {
    const [bare, help] = await Promise.all([thimble([]), thimble(['--help'])]);
    expect(bare).toEqual(help);
    expect([bare.code, bare.stderr]).toEqual([0, '']);
    for (const [name, { summary }] of commands)
      expect(bare.stdout).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 8)}`, 'm'));
  });

  it('is the same page either way it is asked for, and asks for no model', async () => {
    const [before, after] = await Promise.all([thimble(['help', 'logits']), thimble(['logits', '--help'])]);
    expect(before).toEqual(after);
    expect(before.stdout).toContain('thimble logits MODEL --prompt TEXT --out FILE');
  });

  it('gives every command examples whose options exist', () => {
    for (const [name, command] of commands) {
      expect(command.examples.length, name).toBeGreaterThan(0);
      for (const [line] of command.examples) {
        const words = line
          .slice(line.indexOf(`thimble ${name}`))
          .replace(/ [<>|].*/, '')
          .match(/"[^"]*"|\S+/g)!
          .slice(2);
        const table = { ...command.options, ...commonOptions };
        expect(() => parseArguments(words, table, command), line).not.toThrow();
      }
    }
  });

  it('says the version', async () => {
    expect((await thimble(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a wrong command line', () => {
  const cases: [args: string[], complaint: string][] = [
    [['runn'], 'there is no command "runn"; did you mean run?'],
    [['help', 'bnech'], 'there is no command "bnech"; did you mean bench?'],
    [['run', 'm.gguf', '--promt', 'x'], 'there is no option --promt; did you mean --prompt?'],
    [['run', 'm.gguf', '--prompt', '--json'], '--prompt needs a value: --prompt TEXT'],
    [['run', 'm.gguf', '--prompt', 'x', '--temp', 'warm'], '--temp is "warm", expected a number'],
    [['run', 'm.gguf', '--prompt', 'x', '-n', '0'], '--max-tokens is 0, expected a whole number of at least 1'],
    [['run', 'm.gguf', '--prompt', 'x', '--backend', 'gpu'], '--backend is "gpu", expected wasm or reference'],
    [['run', '--prompt', 'x'], 'an argument is missing: MODEL'],
    [['run', 'm.gguf', 'surplus', '--prompt', 'x'], 'unexpected argument "surplus": there is a --prompt already'],
    [['merge', 'm.gguf', 'out', 'surplus'], 'unexpected argument "surplus"'],
    [['run', 'm.gguf', '--json=yes'], "Option '--json' does not take an argument"],
    [['logits', 'm.gguf', '--prompt', 'x'], '--out FILE is missing'],
    [['split', 'm.gguf', 'out', '--max-size', 'big'], '--max-size is "big"'],
    [['quantize', 'm.gguf', 'out.gguf', '--type', 'q9'], '--type is "q9", expected'],
  ];
  it.each(cases)('%j ends with code 2', async (args, complaint) => {
    const { code, stdout, stderr } = await thimble(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`thimble: ${complaint}`);
    expect(stderr).toMatch(/^Try: thimble (\w+ )?--help$/m);
  });

  it('gets no suggestion where nothing is close', () => {
    expect(suggestion('zzzzzz', [...commands.keys()])).toBe('');
  });
});

describe('a failure', () => {
  it('ends with code 1 and one line', async () => {
    const { code, stdout, stderr } = await thimble(['inspect', 'missing.gguf']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe('thimble: cannot open missing.gguf: there is no such file; check the path\n');
  });

  it('shows where it came from with --debug', async () => {
    const [flag, variable] = await Promise.all([
      thimble(['inspect', 'missing.gguf', '--debug']),
      thimble(['inspect', 'missing.gguf'], { env: { THIMBLE_DEBUG: '1' } }),
    ]);
    for (const { stderr } of [flag, variable]) expect(stderr).toMatch(/\n {4}at .*caused by Error: ENOENT/s);
  });

  it('is none where the reader of a pipe has enough', () => {
    const line = `"${process.execPath}" "${cliPath}" help run | true; exit \${PIPESTATUS[0]}`;
    const { status, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });
});
