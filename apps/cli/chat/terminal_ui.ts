/** A chat with a person at a terminal. */
import { stdin, stdout } from 'node:process';
import { AnswerText, type AnswerRows } from '../markdown/answer.ts';
import { cellsOf, rowText, widthOf, wrapped } from '../markdown/cells.ts';
import { barRow, harmless, mayColour, plural, style } from '../terminal.ts';
import { Editor, keyName } from './editor.ts';
import { History } from './history.ts';
import { startKeys, type Press } from './keys.ts';
import { reflowOf, Screen, type Picture } from './screen.ts';
import type { AnswerView, ChatUi } from './ui.ts';

export interface TerminalUiOptions {
  /** What could follow the text before the cursor. */
  readonly complete: (text: string) => readonly string[];
  /** Where messages are kept for the next sitting, if they are. */
  readonly historyPath: string | undefined;
  /** Answers are shown as they are, not as Markdown. */
  readonly isPlain: boolean;
}

const pasteOn = '\x1b[?2004h';
const pasteOff = '\x1b[?2004l\x1b[?25h';
const maxRule = 60;
/** Rows that are shown of an answer that was loaded: its end. */
const maxRecalled = 16;
const hint = 'ask something, ? for help';
/** A bar that would only flash up is not shown. */
const barAfterMs = 150;
const leaveHint = 'Ctrl-C again leaves';

/** A message, and how it was typed. */
interface Sent {
  readonly message: string;
  readonly editor: Editor;
}

/** What the screen is about at the moment. */
type Mode = 'asking' | 'answering' | 'confirming';

export class TerminalUi implements ChatUi {
  readonly hasPerson = true;
  readonly showsParts = true;
  readonly messages: AsyncIterable<string>;
  private readonly options: TerminalUiOptions;
  private readonly screen: Screen;
  private editor = new Editor();
  private readonly history: History;
  private readonly hasStyles = mayColour(stdout);
  private mode: Mode = 'answering';
  private waiting: Sent[] = [];
  /** Rows of the answer or question that is open. */
  private open: readonly string[] = [];
  /** Shown below the message until the next key. */
  private below: readonly string[] = [];
  private isOpen = true;
  private isClosed = false;
  private isSuspended = false;
  /** Rows that are done and not drawn yet. */
  private readonly undrawn: string[] = [];
  private decide: ((isYes: boolean) => void) | undefined;
  private answer: AnswerText | undefined;

  constructor(options: TerminalUiOptions) {
    this.options = options;
    this.screen = new Screen({
      write: (text) => stdout.write(text),
      columns: () => stdout.columns || 80,
      rows: () => stdout.rows || 24,
      reflow: reflowOf(process.env),
    });
    this.history = new History(options.historyPath);
    this.messages = { [Symbol.asyncIterator]: () => this.iterate() };
    const keys = startKeys({
      text: (typed) => this.typed(typed),
      key: (press) => this.key(press),
      paste: (text) => this.paste(text),
      done: () => this.draw(),
    });
    this.takeTerminal(keys);
    if (this.history.problem) this.below = this.text(this.history.problem, style.dim);
  }

  /** Raw mode, and whatever ends the program gives the terminal back as it was. */
  private takeTerminal(keys: (bytes: Uint8Array) => void): void {
    const resume = (): void => {
      stdin.setRawMode(true);
      stdout.write(`${pasteOn}\r\x1b[K`); // over what the terminal has echoed so far
    };
    const restore = (): void => {
      stdin.setRawMode(false);
      stdout.write(pasteOff);
    };
    const onResize = (): void => this.resize();
    const onContinue = (): void => {
      resume();
      this.screen.restart(); // the shell has written meanwhile
      this.isSuspended = false;
      this.draw();
    };
    const onEnd = (): void => this.end();
    stdin.on('data', keys).on('end', onEnd).on('error', onEnd).resume();
    stdout.on('resize', onResize);
    process.on('exit', restore).on('SIGCONT', onContinue);
    this.release = () => {
      this.release = () => undefined;
      stdin.off('data', keys).off('end', onEnd).off('error', onEnd).pause();
      stdout.off('resize', onResize);
      process.off('exit', restore).off('SIGCONT', onContinue);
      restore();
    };
    resume();
  }

  private release: () => void = () => undefined;

  private async *iterate(): AsyncGenerator<string> {
    for (;;) {
      const ahead = this.waiting.shift();
      if (ahead === undefined && !this.isOpen) return;
      if (ahead !== undefined) this.echo(ahead.editor);
      const message = ahead ? ahead.message : await this.ask();
      if (message !== undefined) yield message;
    }
  }

  private async ask(): Promise<string | undefined> {
    const message = new Promise<string | undefined>((resolve) => (this.wake = resolve));
    this.mode = 'asking';
    this.draw();
    return message;
  }

  /** Ends the question with a message, or without. */
  private wake: (message: string | undefined) => void = () => undefined;

  /** The message as it was typed, and room for what comes. */
  private echo(editor: Editor): void {
    this.draw([...editor.view({ ...this.view, maxRows: Infinity }).rows, '']);
  }

  private get view() {
    return { columns: this.columns, hasStyles: this.hasStyles };
  }

  private get columns(): number {
    return Math.max(4, (stdout.columns || 80) - 1); // past the last column the cursor stands nowhere certain
  }

  tell(text: string): Promise<void> {
    this.draw([...this.text(text, style.dim), '']);
    return Promise.resolve();
  }

  fail(text: string): Promise<void> {
    this.draw([...this.text(text, style.red), '']);
    return Promise.resolve();
  }

  recall(role: string, text: string): Promise<void> {
    if (role === 'user') {
      const editor = new Editor();
      editor.recall(text);
      this.echo(editor);
    } else {
      const answer = this.newAnswer();
      const rows = [...answer.push({ type: 'text', text }).done, ...answer.finish().done];
      const left = rows.length > maxRecalled ? [style.dim(`… ${plural(rows.length - maxRecalled, 'row')} before`)] : [];
      this.draw([...left, ...rows.slice(-maxRecalled), '']);
    }
    return Promise.resolve();
  }

  private newAnswer(): AnswerText {
    return new AnswerText({ columns: () => this.columns, hasStyles: this.hasStyles, isPlain: this.options.isPlain });
  }

  startAnswer(): AnswerView {
    const answer = this.newAnswer();
    this.answer = answer;
    const startMs = performance.now();
    const show = ({ done, open }: AnswerRows): Promise<void> => {
      this.open = open;
      this.draw(done);
      return Promise.resolve();
    };
    return {
      reading: (nDone, nTotal) => {
        if (nDone === nTotal || performance.now() - startMs < barAfterMs) return;
        const note = `${nDone} of ${nTotal} tokens`;
        this.open = [barRow({ label: 'reading', done: nDone, total: nTotal, note, columns: this.columns }, style)];
        this.draw();
      },
      push: (part) => show(answer.push(part)),
      thinking: () => {
        this.open = [style.dim('thinking …')];
        this.draw();
      },
      end: () => {
        this.answer = undefined;
        const { done } = answer.finish();
        return show({ done: [...done, ''], open: [] });
      },
      status: (text) => this.closeTurn(text),
      stopped: (text) => this.closeTurn(text),
    };
  }

  /** A rule sets the next question apart. */
  private closeTurn(text: string): Promise<void> {
    const rule = style.dim('─'.repeat(Math.min(maxRule, this.columns)));
    this.draw([...this.text(text, style.dim), rule]);
    return Promise.resolve();
  }

  confirm(question: string): Promise<boolean> {
    this.mode = 'confirming';
    this.open = this.text(`${question} [y/N] `, style.bold);
    this.draw();
    return new Promise((resolve) => {
      this.decide = (isYes) => {
        this.decide = undefined;
        this.mode = 'answering';
        const rows = this.open.with(-1, `${this.open.at(-1)} ${isYes ? 'yes' : 'no'}`);
        this.open = [];
        this.draw(rows);
        resolve(isYes);
      };
    });
  }

  interrupt(): boolean {
    if (this.decide) this.decide(false);
    else if (!this.editor.isEmpty) {
      this.editor.set('');
      this.history.leave();
      this.below = [];
    } else if (this.below[0] !== style.dim(leaveHint)) this.below = [style.dim(leaveHint)];
    else return false;
    this.draw();
    return true;
  }

  dropWaiting(): number {
    const nDropped = this.waiting.length;
    this.waiting = [];
    return nDropped;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.end();
    this.screen.draw({ done: this.open, live: [], cursor: { row: 0, column: 0 } });
    this.release();
  }

  /** The input is over: what waits is still attended to. */
  private end(): void {
    this.isOpen = false;
    this.decide?.(false);
    this.wake(undefined);
  }

  private draw(done: readonly string[] = []): void {
    if (this.isClosed) return;
    this.undrawn.push(...done);
    if (!this.isSuspended) this.screen.draw({ done: this.undrawn.splice(0), ...this.picture() });
  }

  private picture(): Picture {
    if (this.mode === 'confirming') {
      const live = this.open;
      return { live, cursor: { row: live.length - 1, column: Math.min(this.columns, widthOf(live.at(-1)!) + 1) } };
    }
    const isAsking = this.mode === 'asking';
    if (!isAsking && this.editor.isEmpty && this.waiting.length === 0) return { live: [...this.open, ...this.below] };
    const maxRows = Math.max(1, (stdout.rows || 24) - 3);
    const { rows, cursor } = this.editor.view({ ...this.view, maxRows, hint: isAsking ? hint : '' });
    const above = isAsking ? [] : [...this.open, ''];
    const { length } = this.waiting;
    const note =
      length === 0 ? [] : [style.dim(`${length} more to answer, Ctrl-C drops ${length === 1 ? 'it' : 'them'}`)];
    return {
      live: [...above, ...rows, ...this.below, ...note],
      cursor: { row: above.length + cursor.row, column: cursor.column },
    };
  }

  /** Rows of a remark. What is broken goes on below the second column, if there is one. */
  private text(text: string, paint: (text: string) => string): string[] {
    const { columns } = this;
    return harmless(text)
      .split('\n')
      .flatMap((line) => {
        const indent = /^ *\S.*? {2,}(?=\S)/.exec(line)?.[0].length ?? 0;
        const rest = cellsOf(' '.repeat(indent < columns / 2 ? indent : line.startsWith(' ') ? 4 : 0));
        return wrapped(cellsOf(line), { columns, rest }).map((row) => paint(rowText(row, false)));
      });
  }

  private resize(): void {
    this.screen.forget();
    const rows = this.answer?.resize();
    if (rows) this.open = rows.open;
    this.draw(rows?.done);
  }

  private typed(text: string): void {
    if (this.decide) {
      const answer = /^[yn]/i.exec(text)?.[0];
      if (answer !== undefined) this.decide(/y/i.test(answer));
      return;
    }
    this.below = [];
    this.editor.insert(text);
  }

  private paste(text: string): void {
    if (this.decide) return; // a paste decides nothing
    this.below = [];
    this.editor.paste(text);
  }

  private key(press: Press): void {
    const name = keyName(press);
    if (name === 'ctrl-c') return void process.emit('SIGINT'); // in raw mode the terminal sends a key, no signal
    if (name === 'ctrl-z') return this.suspend();
    if (this.decide) {
      if (name === 'return' || name === 'escape') this.decide(false);
      return;
    }
    this.below = [];
    this.edit(name, press);
  }

  private edit(name: string, press: Press): void {
    const { editor, history } = this;
    if (name === 'return' || name === 'enter') return this.enter();
    if (name === 'ctrl-d' && editor.isEmpty) return this.end();
    if (name === 'ctrl-l') return this.screen.clear();
    if (name === 'ctrl-o') return void editor.unfold();
    if (name === 'tab') return this.complete();
    if (name === 'escape' && this.mode === 'answering') return void process.emit('SIGINT');
    const step = steps[name];
    if (step === undefined) return void editor.press(press);
    if (!name.startsWith('ctrl-') && editor.moveRow(step)) return;
    const message = history.step(step, editor.text);
    if (message !== undefined) editor.recall(message);
  }

  /** A message that is not at its end goes on in the next row. */
  private enter(): void {
    const { editor } = this;
    const { text } = editor;
    if (text.endsWith('\\') && editor.textBefore === text) {
      editor.press({ text: '', name: 'backspace', ctrl: false, meta: false, shift: false });
      return editor.insert('\n');
    }
    const quoted = /^"""([^]*?)("""\s*)?$/.exec(text);
    if (quoted && quoted[2] === undefined) return editor.insert('\n');
    const message = quoted ? quoted[1]!.replace(/^\n|\n$/g, '') : text;
    this.editor = new Editor();
    this.history.add(text);
    if (this.history.problem) this.below = this.text(this.history.problem, style.dim);
    if (message.trim() === '') return;
    if (this.mode !== 'asking') return void this.waiting.push({ message, editor });
    this.mode = 'answering';
    this.echo(editor);
    this.wake(message);
  }

  private complete(): void {
    const before = this.editor.textBefore;
    const found = this.options.complete(before);
    const common = commonStart(found);
    if (common !== '') this.editor.insert(common);
    else if (found.length > 1)
      this.below = this.text(found.map((rest) => lastWord(before) + rest).join('  '), style.dim);
  }

  /** As the terminal would have done. */
  private suspend(): void {
    this.below = [];
    this.draw();
    stdin.setRawMode(false);
    stdout.write(`${pasteOff}\r\n`);
    this.isSuspended = true;
    process.kill(0, 'SIGTSTP'); // the program goes on for a moment, and draws nothing more
  }
}

const steps: Readonly<Record<string, 1 | -1>> = { up: -1, 'ctrl-p': -1, down: 1, 'ctrl-n': 1 };

const lastWord = (text: string): string => /[^\s/]*$/.exec(text)![0];

function commonStart(texts: readonly string[]): string {
  let common = texts[0] ?? '';
  for (const text of texts) while (!text.startsWith(common)) common = common.slice(0, -1);
  return common;
}
