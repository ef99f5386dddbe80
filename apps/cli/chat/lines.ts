import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { print, style } from '../terminal.ts';
import { startJoiner } from './joiner.ts';

/** Messages as they are typed or piped in. The end of the input ends the iteration, and so does `close`. */
export interface Messages extends AsyncIterable<string> {
  /** Throws away what was typed but not sent; false where there was nothing. */
  clear(): boolean;
  close(): void;
}

export interface MessagesOptions {
  /** Shows a prompt and lets lines be edited; arrow keys bring back earlier ones. */
  readonly isInteractive: boolean;
  /** Completed by the tab key. */
  readonly words: readonly string[];
}

/**
 * Between two messages, while the model speaks, keys are taken but not shown: what was typed stands in the next prompt, and
 * lines that were sent wait for their turn.
 */
export function openMessages({ isInteractive, words }: MessagesOptions): Messages {
  let isAsking = false;
  const readline = createInterface({
    input: stdin,
    ...(isInteractive && { output: terminalWhile(() => isAsking) }),
    terminal: isInteractive,
    completer: (line: string) => [line.startsWith('/') ? words.filter((word) => word.startsWith(line)) : [], line],
  });
  const joiner = startJoiner();
  const waiting: string[] = [];
  let isOpen = true;
  let wake: () => void = () => undefined;
  const prompt = (): void => {
    readline.setPrompt(style.cyan(joiner.isOpen() ? '… ' : '> '));
    if (isInteractive && isAsking) readline.prompt(true);
  };
  const take = (message: string | undefined): void => {
    if (message === undefined) return prompt();
    waiting.push(message);
    wake();
  };
  readline.on('line', (line) => take(joiner.push(line)));
  readline.on('SIGINT', () => process.emit('SIGINT')); // in raw mode the terminal sends a key, no signal
  readline.on('close', () => {
    isOpen = false;
    const rest = joiner.end();
    if (rest !== undefined) waiting.push(rest);
    wake();
  });

  async function* iterate(): AsyncGenerator<string> {
    while (isOpen || waiting.length > 0) {
      if (waiting.length > 0) {
        const message = waiting.shift()!;
        if (isInteractive) await print(`${style.cyan('> ')}${message}\n`); // typed ahead, not seen so far
        yield message;
        continue;
      }
      const woken = new Promise<void>((resolve) => (wake = resolve));
      isAsking = true;
      prompt();
      await woken;
      isAsking = false;
      if (waiting.length > 0) yield waiting.shift()!;
    }
  }
  return {
    clear() {
      if (!isInteractive || !isOpen) return false;
      const hadSome = readline.line !== '' || joiner.isOpen();
      joiner.end();
      for (const name of ['e', 'u']) readline.write(null, { ctrl: true, name }); // to the end, and delete back to the start
      if (hadSome) prompt();
      return hadSome;
    },
    close: () => readline.close(),
    [Symbol.asyncIterator]: iterate,
  };
}

/** The terminal, seen only while `isShown`. */
function terminalWhile(isShown: () => boolean): Writable {
  const output = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      if (isShown()) stdout.write(chunk);
      done();
    },
  });
  stdout.on('resize', () => output.emit('resize'));
  return Object.defineProperties(output, {
    isTTY: { value: true },
    columns: { get: () => stdout.columns },
    rows: { get: () => stdout.rows },
  });
}
