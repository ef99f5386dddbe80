#!/usr/bin/env node
/** The command line: finds the command, runs it, and says what went wrong in one line. */
import { readFile } from 'node:fs/promises';
import { argv, stderr, stdout } from 'node:process';
import { ResourceError } from '../../src/index.ts';
import {
  commonOptions,
  exitCodes,
  parseArguments,
  suggestion,
  UsageError,
  type Arguments,
  type Command,
} from './command.ts';
import { commands } from './commands/index.ts';
import { commandHelp, overview } from './help.ts';
import { windowWidth } from './layout.ts';
import { defaultModel, tellWhichModel } from './models.ts';
import { inOptionWords, isAboutOption } from './option_words.ts';
import { complain, errStyle, harmless, print, printLine } from './terminal.ts';
import { commandAliases, commandAnswers } from './words.ts';

/** How long a command may take to clean up after a signal that ends it. */
const cleanUpMs = 3000;

async function main([word = '--help', ...rest]: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  let ending: number = exitCodes.interrupted;
  let listener: (() => boolean) | undefined;
  let patienceMs = cleanUpMs;
  const onInterrupt = (): void => {
    if (listener?.()) return;
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted); // the second time nobody waits
    interrupt.abort();
  };
  const end = (code: number) => () => {
    ending = code;
    if (patienceMs < Infinity) setTimeout(() => process.exit(code), patienceMs).unref();
    interrupt.abort();
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', end(exitCodes.terminated));
  process.on('SIGHUP', end(exitCodes.hungUp));
  try {
    await dispatch(word, rest, (command, args) => {
      patienceMs = command.cleanUpMs ?? cleanUpMs;
      return command.run(args, interrupt.signal, (other) => (listener = other));
    });
    return interrupt.signal.aborted ? ending : exitCodes.done;
  } catch (error) {
    if (interrupt.signal.aborted) return ending;
    return report(error, word, rest);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

type Start = (command: Command, args: Arguments) => Promise<void>;

async function dispatch(word: string, rest: readonly string[], start: Start): Promise<void> {
  if (['--version', '-V', '-v', 'version'].includes(word)) return printLine(await version());
  if (word === '--help' || word === '-h') return print(overview(commands, windowWidth()));
  if (word === 'help') return help(rest);
  const name = commandName(word);
  const command = commands.get(name)!;
  const args = parseArguments(rest, { ...commonOptions, ...command.options }, command);
  if (args.flag('help')) return print(commandHelp(name, command, { all: args.flag('all'), width: windowWidth() }));
  if (args.flag('all') && !('all' in command.options)) throw new UsageError('--all is for --help; say both or none');
  tellWhichModel(args.positionals[0]);
  await start(command, args);
}

function help(rest: readonly string[]): Promise<void> {
  const word = rest.find((arg) => !arg.startsWith('-'));
  if (word === undefined) return print(overview(commands, windowWidth()));
  const name = commandName(word);
  return print(commandHelp(name, commands.get(name)!, { all: rest.includes('--all'), width: windowWidth() }));
}

function commandName(word: string): string {
  const name = commandAliases.get(word) ?? word;
  if (commands.has(name)) return name;
  const came = `there is no command ${JSON.stringify(word)}`;
  const answer = commandAnswers.get(word);
  if (answer !== undefined) throw new UsageError(`${came}: ${answer}`);
  if (/\.gguf$/i.test(word) || word === defaultModel)
    throw new UsageError(`${came}; to talk to that model: thimble run ${word}`);
  if (!word.startsWith('-')) throw new UsageError(`${came}${suggestion(word, [...commands.keys()])}`);
  const near = suggestion(word, ['--help', '--version']);
  throw new UsageError(
    near
      ? `there is no option ${word}${near}`
      : `the command comes first, as in thimble run MODEL "PROMPT"; ${word} after it`,
  );
}

/** One line for the person, all of it for whoever debugs. */
function report(error: unknown, word: string, rest: readonly string[]): number {
  if (isBrokenPipe(error)) return exitCodes.done;
  const isUsage = error instanceof UsageError || (error instanceof Error && isAboutOption(error));
  const message = error instanceof Error ? error.message : String(error);
  complain(`thimble: ${inOptionWords(message)}`, errStyle.red);
  const name = commandAliases.get(word) ?? word;
  if (isUsage) stderr.write(`Try: thimble ${commands.has(name) ? `${name} ` : ''}--help\n`);
  const debug = rest.includes('--debug') || Boolean(process.env['THIMBLE_DEBUG']);
  if (debug && error instanceof Error) stderr.write(`${harmless(withCauses(error))}\n`);
  return isUsage ? exitCodes.usage : exitCodes.failed;
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${withCauses(error.cause)}` : '';
  return `${error.stack}${cause}`;
}

async function version(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url); // seen from dist/node/
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
}

const isBrokenPipe = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EPIPE';

/** `thimble … | head`: whoever read us has enough. */
stdout.on('error', (error) => {
  if (isBrokenPipe(error)) process.exit(exitCodes.done);
  throw new ResourceError(`cannot write to stdout: ${error.message}`, { cause: error });
});

stderr.on('error', () => undefined); // nobody reads remarks: the exit code tells

/** What nobody waited for. */
process.on('uncaughtException', (error) => process.exit(report(error, argv[2] ?? '', argv.slice(3))));

process.exitCode = await main(argv.slice(2));
