import { stdin } from 'node:process';
import { openTokenizer, UnsupportedError } from '../../../src/index.ts';
import type { Command } from '../command.ts';
import { decodeUtf8, readStdin } from '../input.ts';
import { modelPath } from '../models.ts';
import { columns, plural, printJson, printLine, remark } from '../terminal.ts';

export const tokenize: Command = {
  summary: 'show the tokens of a text',
  usage: 'MODEL [options] < TEXT',
  about: `The text comes from stdin, verbatim to its last byte. A file that holds a vocabulary and no weights is enough.
--json prints { "tokens": [...] }.`,
  positionals: [1, 1],
  options: {
    special: { help: 'control tokens spelled out in the text count as such' },
    bos: { help: 'put the BOS token in front' },
    json: { help: 'print one JSON object and nothing else' },
  },
  examples: [
    ['printf "Hello, world" | thimble tokenize smollm2', 'one token a line, with its spelling'],
    ['printf "<|im_start|>user" | thimble tokenize smollm2 --special --json', 'for programs'],
  ],
  async run(args, signal) {
    const tokenizer = await openTokenizer(modelPath(args.positionals[0]!), { signal });
    const bos = args.flag('bos');
    if (bos && tokenizer.bosToken === undefined)
      throw new UnsupportedError('this model has no BOS token; leave out --bos');
    if (stdin.isTTY) remark('reading from the terminal; Ctrl-D ends the text');
    const text = decodeUtf8(await readStdin(signal), 'stdin');
    const tokens = tokenizer.encode(text, { special: args.flag('special'), bos });
    if (args.flag('json')) return printJson({ tokens });
    if (tokens.length === 0) return remark('no tokens');
    const rows = tokens.map((token) => [String(token), JSON.stringify(tokenizer.piece(token))]);
    await printLine(columns(rows, '><').join('\n'));
    remark(plural(tokens.length, 'token'));
  },
};
