/** Commands that take a list of texts: as arguments, from files, or from stdin, one a line. */
import { stdin } from 'node:process';
import { UsageError, type Arguments, type OptionTable } from './command.ts';
import { decodeUtf8, readStdin, readTextFile } from './input.ts';
import { remark } from './terminal.ts';

/** What `--ctx` means where nothing is answered. */
export const ctxOfTexts = {
  ctx: {
    short: 'c',
    value: 'N',
    help: 'most tokens of a text, as in 512 or 2k (default: what the model was trained on, at most 2048)',
  },
} as const satisfies OptionTable;

export const textsOptions = {
  file: { short: 'f', value: 'FILE', many: true, help: 'texts from a file, one a line; may be given several times' },
  truncate: { help: 'read the beginning of a text that is too long, instead of failing' },
} as const satisfies OptionTable;

/** The texts of the command line, in their order; without any, the lines of stdin. Lines without text are left out. */
export async function readTexts(args: Arguments, given: readonly string[], signal: AbortSignal): Promise<string[]> {
  const files = args.texts('file');
  const texts = [...given];
  for (const path of files) texts.push(...linesOf(await readTextFile(path, signal)));
  if (given.length === 0 && files.length === 0) {
    if (stdin.isTTY) remark('reading from the terminal, one text a line; Ctrl-D ends');
    texts.push(...linesOf(decodeUtf8(await readStdin(signal), 'stdin')));
  }
  if (texts.length === 0) throw new UsageError('there are no texts; give some as arguments, with --file, or on stdin');
  return texts;
}

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== '');
