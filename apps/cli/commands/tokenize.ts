import { stdin } from 'node:process';
import { openTokenizer, UnsupportedError } from '../../../src/index.ts';
import { UsageError, type Arguments, type Command } from '../command.ts';
import { decodeUtf8, readStdin } from '../input.ts';
import { modelPath } from '../models.ts';
import { columns, plural, printJson, printLine, remark } from '../terminal.ts';

export const tokenize: Command = {
  summary: 'show the tokens of a text',
  usage: 'MODEL [TEXT] [options]',
  about: `Without TEXT, the text comes from stdin, verbatim to its last byte. Bytes that are a part of a character are shown as <0xE4>. A file that holds a vocabulary and no weights is enough.
--json prints { "tokens": [...] }.`,
  positionals: [1, 2],
  options: {
    prompt: { short: 'p', value: 'TEXT', help: 'the text, where it is no argument' },
    special: { help: 'control tokens spelled out in the text count as such' },
    bos: { help: 'put the BOS token in front' },
    json: { help: 'print one JSON object and nothing else' },
  },
  examples: [
    ['thimble tokenize smollm2 "Hello, world"', 'one token a line, with its text'],
    ['printf "<|im_start|>user" | thimble tokenize smollm2 --special --json', 'for programs'],
  ],
  async run(args, signal) {
    const given = textGiven(args);
    const tokenizer = await openTokenizer(await modelPath(args.positionals[0]!, signal), { signal });
    const bos = args.flag('bos');
    if (bos && tokenizer.bosToken === undefined)
      throw new UnsupportedError('this model has no BOS token; leave out --bos');
    const text = given ?? (await typedText(signal));
    const tokens = tokenizer.encode(text, { special: args.flag('special'), bos });
    if (args.flag('json')) return printJson({ tokens });
    if (tokens.length === 0) return remark('no tokens');
    const rows = tokens.map((token) => [String(token), JSON.stringify(readable(tokenizer.bytes(token)))]);
    await printLine(columns(rows, '><').join('\n'));
    remark(plural(tokens.length, 'token'));
  },
};

function textGiven(args: Arguments): string | undefined {
  const [, text] = args.positionals;
  const named = args.text('prompt');
  if (text === undefined || named === undefined) return text ?? named;
  throw new UsageError(`unexpected argument ${JSON.stringify(text)}: there is a --prompt already`);
}

async function typedText(signal: AbortSignal): Promise<string> {
  if (stdin.isTTY) remark('reading from the terminal; Ctrl-D ends the text');
  return decodeUtf8(await readStdin(signal), 'stdin');
}

/** Bytes as text; a byte that is no character, or a part of one, is `<0xE4>`. */
function readable(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const char = [1, 2, 3, 4].map((n) => characterOf(bytes.subarray(at, at + n))).find((found) => found !== undefined);
    text += char ?? `<0x${bytes[at]!.toString(16).toUpperCase().padStart(2, '0')}>`;
    at += char === undefined ? 1 : Buffer.byteLength(char);
  }
  return text;
}

function characterOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
