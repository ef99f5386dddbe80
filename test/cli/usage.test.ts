import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commonOptions, parseArguments, suggestion, UsageError } from '../../apps/cli/command.ts';
import { commands } from '../../apps/cli/commands/index.ts';
import { commandHelp, overview } from '../../apps/cli/help.ts';
import { commandAliases, commandAnswers, optionAliases } from '../../apps/cli/words.ts';
import { cliPath, haveTerminal, onTerminal, plainLines, thimble } from './cli.ts';

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

  it('says the version, however it is asked', async () => {
    for (const word of ['--version', '-V', 'version']) {
      expect((await thimble([word])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    }
  });

  it('shows common options, and the others with --all', async () => {
    const [some, all] = await Promise.all([thimble(['run', '--help']), thimble(['help', 'run', '--all'])]);
    expect(some.stdout).not.toContain('--xtc-threshold');
    expect(some.stdout).toMatch(/\d+ more options: --help --all/);
    for (const name of Object.keys(commands.get('run')!.options)) expect(all.stdout).toContain(`--${name}`);
    expect(all.stdout.indexOf('--temp X')).toBeLessThan(all.stdout.indexOf('Rarely used'));
    expect(all.stdout.indexOf('--xtc-threshold')).toBeGreaterThan(all.stdout.indexOf('Rarely used'));
    expect((await thimble(['run', 'm', 'hi', '--all'])).code).toBe(2);
  });

  it.each([40, 60, 80])('fits %i columns', (width) => {
    const pages = [...commands].map(([name, command]) => commandHelp(name, command, { all: true, width }));
    for (const line of [overview(commands, width), ...pages].join('').split('\n')) {
      expect(line.length, line).toBeLessThanOrEqual(width);
    }
  });

  it.skipIf(!haveTerminal)('fits the terminal that it is shown in', async () => {
    const { stdout } = await onTerminal(['run', '--help'], { columns: 48 });
    const widths = plainLines(stdout).map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(48);
    expect(Math.max(...widths)).toBeGreaterThan(44);
  });

  it('states no default that varies', () => {
    const { options } = commands.get('run')!;
    for (const name of ['temp', 'top-k', 'top-p', 'min-p', 'repeat-penalty']) {
      expect(options[name]!.help).toContain("default: the model's own");
    }
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
    [
      ['run', 'm.gguf', '--prompt', 'x', '--backend', 'gpu'],
      '--backend is "gpu", expected auto, webgpu, wasm or reference',
    ],
    [['run', '--prompt', 'x'], 'an argument is missing: MODEL'],
    [['run', 'm.gguf', 'surplus', '--prompt', 'x'], 'unexpected argument "surplus": there is a --prompt already'],
    [['merge', 'm.gguf', 'out', 'surplus'], 'unexpected argument "surplus"'],
    [['run', 'm.gguf', '--json=yes'], "Option '--json' does not take an argument"],
    [['logits', 'm.gguf', '--prompt', 'x'], '--out FILE is missing'],
    [['split', 'm.gguf', 'out', '--max-size', 'big'], '--max-size is "big"'],
    [['quantize', 'm.gguf', 'out.gguf', '--type', 'q9'], 'the mix is "q9", expected'],
    [['quantize', 'm.gguf', 'out.gguf', 'Q8_0', '--type', 'q8_0'], 'unexpected argument "Q8_0"'],
    [['--hepl'], 'there is no option --hepl; did you mean --help?'],
    [['-m', 'm.gguf'], 'the command comes first, as in thimble run MODEL "PROMPT"; -m after it'],
    [['run', 'm.gguf', 'x', '--no-think'], 'there is no option --no-think: write --think off'],
    [['run', 'm.gguf', 'x', '--think=hard'], '--think is "hard", expected on, off, low, medium or high'],
    [['run', 'm.gguf', 'x', '--think'], '--think needs a value: --think HOW'],
    [
      ['run', 'm.gguf', 'x', '--raw', '--chat-template', 'chatml'],
      '--chat-template is for chat templates; leave out --raw',
    ],
    [['chat', 'm.gguf', '--chat-template', 'none.jinja'], '--chat-template is "none.jinja", which cannot be read'],
    [['run', 'm.gguf', 'x', '--raw', '--think', 'off'], '--think needs the chat template; leave out --raw'],
    [['run', 'm.gguf', '-f', 'x'], 'there is no option -f: give the text on stdin'],
    [['logits', 'm.gguf', '--file', 'x'], 'there is no option --file: give the text on stdin'],
    [['tokenize', 'm.gguf', '--file', 'x'], 'there is no option --file: give the text on stdin'],
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

/** A command in this process: what it refuses before it does anything. */
async function started([name = '', ...words]: readonly string[]): Promise<void> {
  const command = commands.get(name)!;
  const args = parseArguments(words, { ...commonOptions, ...command.options }, command);
  await command.run(args, new AbortController().signal, () => undefined);
}

describe('numbers, before a file is looked at', () => {
  const run = (...options: string[]) => ['run', 'missing.gguf', 'hi', ...options];
  const cases: [args: string[], complaint: string][] = [
    [run('--temp', '-1'), '--temp is -1, expected a number from 0 to 100'],
    [run('--temperature', '101'), '--temp is 101, expected a number from 0 to 100'],
    [run('--top-p', '2'), '--top-p is 2, expected a number from 0 to 1'],
    [run('--top-k', '1.5'), '--top-k is 1.5, expected a whole number'],
    [run('--min-p=-0.1'), '--min-p is -0.1, expected a number from 0 to 1'],
    [run('--seed', '-2'), '--seed is -2, expected a whole number from 0'],
    [run('--seed', '1e99'), '--seed is 1e+99, expected a whole number from 0'],
    [run('--repeat-penalty', '0'), '--repeat-penalty is 0, expected a number from 0.01 to 100'],
    [run('--repeat-last-n', '-1'), '--repeat-last-n is -1, expected a whole number from 0'],
    [run('--xtc-threshold', 'NaN'), '--xtc-threshold is "NaN", expected a number'],
    [run('--mirostat-lr', '7'), '--mirostat-eta is 7, expected a number from 0 to 1'],
    [run('--logit-bias', '-3:1'), '--logit-bias is "-3:1", expected a token and a number'],
    [run('--logit-bias', '3:1e7'), '--logit-bias is "3:1e7", expected a token and a number'],
    [
      run('--logit-bias', '3:10000000'),
      '--logit-bias of token 3 is 10000000, expected a number from -1000000 to 1000000',
    ],
    [run('-n', '-5'), '--max-tokens is -5, expected a whole number of at least 1'],
    [run('-n5x'), '--max-tokens is "5x", expected a number'],
    [run('--threads', '0'), '--threads is 0, expected a whole number of at least 1'],
    [run('-t', '65'), '--threads is 65, expected a whole number from 1 to 64'],
    [run('-c', '20000000'), '--ctx is 20000000, expected a whole number from 1 to 16777216'],
    [run('--ctx-size', '4t'), '--ctx is "4t", expected a number'],
    [run('--ctx-size', '17m'), '--ctx is 17825792, expected a whole number from 1 to 16777216'],
    [run('--kv', 'q4_0'), '--kv is "q4_0", expected f16, f32 or q8_0'],
    [run('--speculate', 'lookup', '--n-draft', '8'), '--n-draft is 8, expected a whole number from 1 to 7'],
    [run('--speculate', 'draft'), '--speculate draft needs a model that guesses: --draft MODEL'],
    [run('--n-draft', '3'), '--n-draft is for --speculate'],
    [run('--stop', ''), '--stop is empty'],
    [['chat', 'missing.gguf', '--speculate', 'draft'], '--speculate draft needs a model that guesses: --draft MODEL'],
    [['inspect', 'missing.gguf', '--ctx', '0'], '--ctx is 0, expected a whole number of at least 1'],
    [['bench', 'missing.gguf', '--threads', '1,99'], '--threads is 99, expected a whole number from 1 to 64'],
    [['perplexity', 'missing.gguf', 'x', '--ctx', '3'], '--ctx is 3, expected a whole number of at least 4'],
  ];
  it.each(cases)('%j', async (args, complaint) => {
    const error = await started(args).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain(complaint);
  });
});

describe("other programs' words", () => {
  it('are options here where there are such', () => {
    const parse = (...words: string[]) => {
      const { options, ...rest } = commands.get('run')!;
      return parseArguments(words, { ...commonOptions, ...options }, rest);
    };
    const args = parse(
      '-m',
      'a.gguf',
      '-c',
      '64',
      '--n-predict=3',
      '--temperature',
      '0',
      '-ctk',
      'f16',
      '--top_k',
      '5',
      'hi',
    );
    expect(args.positionals).toEqual(['a.gguf', 'hi']);
    expect(['ctx', 'max-tokens', 'temp', 'kv', 'top-k'].map((name) => args.text(name))).toEqual([
      '64',
      '3',
      '0',
      'f16',
      '5',
    ]);
    expect(parse('--model=b.gguf', '--', '-x').positionals).toEqual(['b.gguf', '-x']);
  });

  it.each([
    [['run', 'm', 'hi', '-ngl', '99'], 'there is no option -ngl: a whole model runs on the GPU with --backend webgpu'],
    [['run', 'm', 'hi', '--no-mmap'], 'there is no option --no-mmap: weights are read'],
    [['run', 'm', '-hf', 'a/b', 'hi'], 'there is no option -hf: give the address as the model'],
    [['run', 'm', '-x', 'hi'], 'there is no option -x'],
    [['merge', 'm', 'out', '-c', '4'], 'there is no option -c'],
    [['rnu', 'm'], 'there is no command "rnu"; did you mean run?'],
    [['serve', 'm', '--folder', 'f'], '--folder is in place of MODEL'],
    [['serve', '--keep', 'soon'], '--keep is "soon"'],
    [['run', 'm', '--port', '80'], 'there is no option --port: that is for the server: thimble serve MODEL'],
    [['model.gguf'], 'there is no command "model.gguf"; to talk to that model: thimble run model.gguf'],
    [['show'], 'an argument is missing: MODEL'],
    [['quantize', 'm', 'out', 'IQ2_M'], 'the mix is "IQ2_M", expected one of F32'],
    [['quantize', 'm', 'out'], 'the mix is missing, expected one of F32'],
    [['quantize', 'm', 'Q4_K_M'], 'an argument is missing: OUT'],
    [['quantize', 'm', '--type', 'Q4_K_M'], 'an argument is missing: OUT'],
    [['quantize', 'm', 'out', 'Q4_0', '--tensor-type', 'attn_v'], '--tensor-type is "attn_v", expected NAME=TYPE'],
    [['quantize', 'm', 'out', 'Q4_0', '--tensor-type', '(=q8_0'], '--tensor-type is "(=q8_0", whose NAME is no'],
    [['quantize', 'm', 'out', 'Q4_0', '--imatrix', ''], '--imatrix is empty, expected the path of a file'],
    [['imatrix', 'm', 'text'], '--out OUT is missing'],
  ])('%j', async (args, complaint) => {
    const { code, stderr } = await thimble(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`thimble: ${complaint}`)]);
  });

  it('of options and commands lead to what exists', () => {
    const all = new Set([...commands.values()].flatMap(({ options }) => Object.keys(options)));
    for (const target of [...optionAliases.values()].flat()) expect(all, target).toContain(target);
    for (const target of commandAliases.values()) expect(commands.has(target), target).toBe(true);
    for (const word of [...commandAliases.keys(), ...commandAnswers.keys()])
      expect(commands.has(word), word).toBe(false);
  });

  it.each(['llama3', 'llama3:8b', 'bartowski/SmolLM2-GGUF'])(
    'a model named %s is told where models are',
    async (name) => {
      await expect(started(['run', name, 'hi'])).rejects.toThrow(
        /thimble pull hf:org\/repo downloads one, from https:\/\/huggingface\.co.*; thimble inspect says/,
      );
    },
  );
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
