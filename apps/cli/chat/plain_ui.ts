/** A chat line by line: with a pipe, or with a terminal that cannot move its cursor. */
import { stderr, stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import { forStdout, harmless, print } from '../terminal.ts';
import { startJoiner } from './joiner.ts';
import type { AnswerView, ChatUi } from './ui.ts';

export function openPlainUi(): ChatUi {
  const hasPerson = stdin.isTTY;
  const readline = createInterface({ input: stdin, terminal: false });
  const joiner = startJoiner();
  let waiting: string[] = [];
  let isOpen = true;
  let isWarned = false;
  let wake: () => void = () => undefined;
  const take = (message: string | undefined): void => {
    if (message !== undefined) waiting.push(message);
    wake();
  };
  const prompt = (): void => {
    if (hasPerson && stdout.isTTY) stdout.write(joiner.isOpen() ? '… ' : '> ');
  };
  readline.on('line', (line) => {
    isWarned = false;
    take(joiner.push(line));
    if (joiner.isOpen()) prompt();
  });
  readline.on('close', () => {
    isOpen = false;
    take(joiner.end());
  });

  async function* iterate(): AsyncGenerator<string> {
    while (isOpen || waiting.length > 0) {
      const message = waiting.shift();
      if (message !== undefined) {
        yield message;
        continue;
      }
      prompt();
      while (isOpen && waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    hasPerson,
    messages: { [Symbol.asyncIterator]: iterate },
    tell: remark,
    fail: remark,
    recall: (role, text) => remark(`${role}: ${text}`),
    startAnswer: () => plainAnswer(hasPerson),
    confirm: () => Promise.resolve(false),
    interrupt() {
      if (!hasPerson || !isOpen || isWarned) return false;
      joiner.end();
      isWarned = true;
      void remark('\nCtrl-C again leaves');
      prompt();
      return true;
    },
    dropWaiting() {
      if (!hasPerson) return 0;
      const { length } = waiting;
      waiting = [];
      return length;
    },
    close: () => readline.close(),
  };
}

function remark(text: string): Promise<void> {
  stderr.write(`${harmless(text)}\n`);
  return Promise.resolve();
}

function plainAnswer(hasPerson: boolean): AnswerView {
  return {
    reading: () => undefined,
    push: (piece) => print(forStdout(piece)),
    end: () => print('\n'),
    status: (text) => (hasPerson && stdout.isTTY ? print(`\n${text}\n\n`) : Promise.resolve()),
    stopped: remark,
  };
}
