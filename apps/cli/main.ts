#!/usr/bin/env node
/** The command line: finds the command, runs it, and says what went wrong in one line. */
import { readFile } from 'node:fs/promises';
import { argv, stderr, stdout } from 'node:process';
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
import { errStyle, harmless, print, printLine } from './terminal.ts';

async function main([word = '--help', ...rest]: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  let listener: (() => boolean) | undefined;
  const onInterrupt = (): void => {
    if (listener?.()) return;
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted); // the second time nobody waits
    interrupt.abort();
  };
  process.on('SIGINT', onInterrupt);
  try {
    await dispatch(word, rest, (command, args) => command.run(args, interrupt.signal, (other) => (listener = other)));
    return exitCodes.done;
  } catch (error) {
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    return report(error, word, rest);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

type Start = (command: Command, args: Arguments) => Promise<void>;

async function dispatch(word: string, rest: readonly string[], start: Start): Promise<void> {
  if (word === '--version' || word === '-V') return printLine(await version());
  if (word === '--help' || word === '-h') return print(overview(commands));
  if (word === 'help')
    return print(rest[0] === undefined ? overview(commands) : commandHelp(rest[0], commandOf(rest[0])));
  const command = commandOf(word);
  const args = parseArguments(rest, { ...command.options, ...commonOptions }, command.positionals);
  if (args.flag('help')) return print(commandHelp(word, command));
  await start(command, args);
}

function commandOf(word: string): Command {
  const command = commands.get(word);
  if (command) return command;
  throw new UsageError(`there is no command ${JSON.stringify(word)}${suggestion(word, [...commands.keys()])}`);
}

/** One line for the person, all of it for whoever debugs. */
function report(error: unknown, word: string, rest: readonly string[]): number {
  if (isBrokenPipe(error)) return exitCodes.done;
  const isUsage = error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  stderr.write(`${errStyle.red('thimble:')} ${harmless(message)}\n`);
  if (isUsage) stderr.write(`Try: thimble ${commands.has(word) ? `${word} ` : ''}--help\n`);
  const debug = rest.includes('--debug') || Boolean(process.env['THIMBLE_DEBUG']);
  if (debug && error instanceof Error) stderr.write(`${withCauses(error)}\n`);
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
  if (!isBrokenPipe(error)) throw error;
  process.exit(exitCodes.done);
});

process.exitCode = await main(argv.slice(2));
