/**
 * The lower end of a terminal: rows that are done scroll away above, live rows below them are drawn anew where they changed. All that
 * a drawing needs is one write, so nothing flickers; terminals that know mode 2026 show it at once.
 */
import { widthOf } from '../markdown/cells.ts';

export interface ScreenOptions {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly rows: () => number;
  readonly reflow: Reflow;
}

/**
 * What a terminal does to lines that are too long for its new width: most break them, and the cursor stays with its character. In those
 * made with xterm.js it goes down by all rows that breaking has added. Some cut them off.
 */
export type Reflow = 'broken' | 'broken-xtermjs' | 'cut';

export function reflowOf(env: NodeJS.ProcessEnv): Reflow {
  if (env['TMUX']) return 'broken';
  if (env['TERM_PROGRAM'] === 'vscode') return 'broken-xtermjs';
  return env['XTERM_VERSION'] || env['STY'] || env['TERM'] === 'linux' ? 'cut' : 'broken';
}

export interface Cursor {
  readonly row: number;
  readonly column: number;
}

export interface Picture {
  /** Rows that stay as they are from now on. */
  readonly done?: readonly string[];
  /** Rows that the next picture may change. */
  readonly live: readonly string[];
  /** Where the cursor stands among the live rows; hidden if there is none. */
  readonly cursor?: Cursor;
}

const begin = '\x1b[?2026h\x1b[?25l';
const end = '\x1b[?2026l';
const showCursor = '\x1b[?25h';
const clearBelow = '\x1b[J';

export class Screen {
  private readonly options: ScreenOptions;
  /** The live rows as they stand on the terminal. */
  private painted: readonly string[] = [''];
  private at: Cursor = { row: 0, column: 0 };

  constructor(options: ScreenOptions) {
    this.options = options;
  }

  draw({ done = [], live, cursor }: Picture): void {
    const room = Math.max(2, this.options.rows() - 1);
    const hidden = Math.max(0, live.length - room);
    const seen = live.length === 0 ? [''] : live.slice(hidden);
    const rows = [...done, ...seen];
    const same = this.nSame(rows);
    let text = begin;
    if (same === this.painted.length) text += `${this.moveTo(same - 1)}\r\n`;
    else text += this.moveTo(same);
    text += rows.slice(same).map(this.row).join('\r\n');
    const isAtEnd = same < rows.length;
    if (rows.length < this.painted.length) text += clearBelow;
    const last: Cursor = { row: isAtEnd ? rows.length - 1 : same, column: 0 };
    const target = cursor && { row: done.length + Math.max(0, cursor.row - hidden), column: cursor.column };
    const place = target ?? { row: rows.length - 1, column: this.width(rows.at(-1)!) };
    text += moveBy(place.row - last.row) + `\r${place.column > 0 ? `\x1b[${place.column}C` : ''}`;
    this.painted = seen;
    this.at = { row: place.row - done.length, column: place.column };
    this.options.write(text + (cursor ? showCursor : '') + end);
  }

  /** The window has another width: terminals have broken what was too long for it. The next picture begins where this one did. */
  forget(): void {
    const { reflow } = this.options;
    const columns = Math.max(1, this.options.columns());
    const nMore = (width: number) => Math.max(1, Math.ceil(width / columns)) - 1;
    const added = this.painted.map((row) => (reflow === 'cut' ? 0 : nMore(widthOf(row))));
    const above = reflow === 'broken-xtermjs' ? added : added.slice(0, this.at.row);
    const inRow = reflow === 'broken' ? Math.floor(this.at.column / columns) : 0;
    this.options.write(`${moveBy(-this.at.row - above.reduce((sum, n) => sum + n, 0) - inRow)}\r${clearBelow}`);
    this.restart();
  }

  /** Begins at the top of a cleared window. */
  clear(): void {
    this.options.write('\x1b[H\x1b[2J');
    this.restart();
  }

  /** The next picture begins where the cursor stands: another program has written meanwhile. */
  restart(): void {
    this.painted = [''];
    this.at = { row: 0, column: 0 };
  }

  private nSame(rows: readonly string[]): number {
    let n = 0;
    while (n < rows.length && n < this.painted.length && rows[n] === this.painted[n]) n++;
    return n === rows.length && n === this.painted.length ? n - 1 : n;
  }

  private readonly moveTo = (row: number): string => `${moveBy(row - this.at.row)}\r`;

  private readonly width = (row: string): number => Math.min(widthOf(row), this.options.columns() - 1);

  /** A row over what stood there. One that is broken by the terminal clears all below first. */
  private readonly row = (text: string): string =>
    widthOf(text) >= this.options.columns() ? `${clearBelow}${text}` : `${text}\x1b[K`;
}

const moveBy = (nRows: number): string => (nRows === 0 ? '' : `\x1b[${Math.abs(nRows)}${nRows < 0 ? 'A' : 'B'}`);
