/** A chat line by line: with a pipe, or with a terminal that cannot move its cursor. */
import { stderr, stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import { forStdout, harmless, print } from '../terminal.ts';
import { startJoiner } from './joiner.ts';
import type { SaidPart } from '../../../src/index.ts';
import type { AnswerView, ChatUi } from './ui.ts';

export class PlainUi implements ChatUi {
  readonly hasPerson = stdin.isTTY;
  readonly showsParts = false;
  readonly messages: AsyncIterable<string> = { [Symbol.asyncIterator]: () => this.iterate() };
  private readonly readline = createInterface({ input: stdin, terminal: false });
  private readonly joiner = startJoiner();
  private waiting: string[] = [];
  private isOpen = true;
  private isWarned = false;
  private wake: () => void = () => undefined;

  constructor() {
    this.readline.on('line', (line) => {
      this.isWarned = false;
      this.take(this.joiner.push(line));
      if (this.joiner.isOpen()) this.prompt();
    });
    this.readline.on('close', () => {
      this.isOpen = false;
      this.take(this.joiner.end());
    });
  }

  private take(message: string | undefined): void {
    if (message !== undefined) this.waiting.push(message);
    this.wake();
  }

  private prompt(): void {
    if (this.hasPerson && stdout.isTTY) stdout.write(this.joiner.isOpen() ? '… ' : '> ');
  }

  private async *iterate(): AsyncGenerator<string> {
    while (this.isOpen || this.waiting.length > 0) {
      const message = this.waiting.shift();
      if (message !== undefined) {
        yield message;
        continue;
      }
      this.prompt();
      while (this.isOpen && this.waiting.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  tell(text: string): Promise<void> {
    return remark(text);
  }

  fail(text: string): Promise<void> {
    return remark(text);
  }

  recall(role: string, text: string): Promise<void> {
    return remark(`${role}: ${text}`);
  }

  startAnswer(): AnswerView {
    const isShown = this.hasPerson && stdout.isTTY;
    let before: SaidPart['type'] | undefined;
    return {
      reading: () => undefined,
      push: ({ type, text }) => {
        const gap = before !== undefined && before !== type && !text.startsWith('\n\n') ? '\n\n' : '';
        before = type;
        return print(gap + forStdout(text));
      },
      thinking: () => undefined,
      end: () => print('\n'),
      status: (text) => (isShown ? print(`\n${text}\n\n`) : Promise.resolve()),
      stopped: remark,
    };
  }

  confirm(): Promise<boolean> {
    return Promise.resolve(false);
  }

  interrupt(): boolean {
    if (!this.hasPerson || !this.isOpen || this.isWarned) return false;
    this.joiner.end();
    this.isWarned = true;
    void remark('\nCtrl-C again leaves');
    this.prompt();
    return true;
  }

  dropWaiting(): number {
    if (!this.hasPerson) return 0;
    const { length } = this.waiting;
    this.waiting = [];
    return length;
  }

  close(): void {
    this.readline.close();
  }
}

function remark(text: string): Promise<void> {
  stderr.write(`${harmless(text)}\n`);
  return Promise.resolve();
}
