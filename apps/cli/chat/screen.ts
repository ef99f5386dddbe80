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
    let same = 0;
    while (same < rows.length && rows[same] === this.painted[same]) same++;
    const changed = rows.slice(same).map((row, i) => this.rewritten(row, same + i));
    const surplus = rows.length < this.painted.length ? this.moved({ row: rows.length, column: 0 }) + clearBelow : '';
    const target = cursor && { row: done.length + Math.max(0, cursor.row - hidden), column: cursor.column };
    const last = rows.length - 1;
    const place = this.moved(
      target ?? { row: last, column: Math.min(widthOf(rows[last]!), this.options.columns() - 1) },
    );
    this.painted = seen;
    this.at = { ...this.at, row: this.at.row - done.length };
    this.options.write(`${begin}${changed.join('')}${surplus}${place}${cursor ? showCursor : ''}${end}`);
  }

  /** A row over what stands there: only what comes after the letters that are the same. */
  private rewritten(row: string, at: number): string {
    const old = this.painted[at];
    const kept = old === undefined ? 0 : sameLetters(old, row);
    const below = old === undefined ? this.moved({ row: at - 1, column: this.at.column }) + '\r\n' : '';
    if (old === undefined) this.at = { row: at, column: 0 };
    const place = this.moved({ row: at, column: kept });
    const width = widthOf(row);
    const isWide = width >= this.options.columns(); // the terminal breaks it, over what stands below
    if (isWide) this.painted = this.painted.slice(0, at + 1);
    const isCertain = !isWide && /^[\x1b-~]*$/.test(row); // terminals differ about emoji
    this.at = { row: at, column: isCertain ? width : -1 };
    const isLonger = old !== undefined && kept === old.length;
    return `${below}${place}${isWide ? clearBelow : ''}${row.slice(kept)}${isWide || isLonger || !old ? '' : '\x1b[K'}`;
  }

  /** Moves the cursor. */
  private moved({ row, column }: Cursor): string {
    const across = column === this.at.column ? '' : column === 0 ? '\r' : `\x1b[${column + 1}G`;
    const move = moveBy(row - this.at.row) + across;
    this.at = { row, column };
    return move;
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
}

/** How many letters two rows begin with alike, before anything that is no plain letter. */
function sameLetters(a: string, b: string): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n] && isPlain(a[n]!)) n++;
  const isInside = (text: string) => n < text.length && !isPlain(text[n]!) && text[n] !== '\x1b';
  return n > 0 && (isInside(a) || isInside(b)) ? n - 1 : n; // a mark may belong to the last one
}

const isPlain = (char: string): boolean => char >= ' ' && char <= '~';

const moveBy = (nRows: number): string => (nRows === 0 ? '' : `\x1b[${Math.abs(nRows)}${nRows < 0 ? 'A' : 'B'}`);
