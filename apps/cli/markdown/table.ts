/** Tables as far as they are written. */
import { both, cellsOf, fitting, rowWidth, wrapped, type Cell, type Row } from './cells.ts';
import { parseInline } from './inline.ts';

const isDelimiterRow = (line: string): boolean => /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/.test(line);
const mayBecomeDelimiterRow = (line: string): boolean => /^[\s|:-]*$/.test(line);

type Align = 'left' | 'right' | 'center';

/** After so many rows on the screen columns keep their widths, and what is written stays. */
const maxOpenRows = 12;
/** Columns narrower than this cannot be read: rows become lists then. */
const minColumn = 6;
const maxColumns = 40;

export interface TableOptions {
  readonly columns: () => number;
  /** In front of every row. */
  readonly prefix: Row;
  readonly keepsMarks: boolean;
}

/** What a line does to a table: it belongs to it, or ends it; or there never was one. */
export type TableAnswer = 'row' | 'end' | 'none' | 'wait';

export class Table {
  /** The lines of a table that is not known to be one: its first line. */
  readonly head: string;
  private readonly options: TableOptions;
  private aligns: Align[] | undefined;
  private readonly header: Cell[][];
  private body: Cell[][][] = [];
  private line = '';
  private widths: number[] | undefined;
  private isHeaderOut = false;

  constructor(head: string, options: TableOptions) {
    this.head = head;
    this.options = options;
    this.header = this.cells(head, true, Infinity).map((cell) =>
      cell.map((each) => ({ ...each, style: both('1', each.style) })),
    );
  }

  /** Whether a line goes on with the table, by what there is of it. */
  asks(line: string, isWhole: boolean): TableAnswer {
    if (this.aligns) {
      if (line.trim() === '' && !isWhole) return 'wait';
      return line.trimStart().startsWith('|') ? 'row' : 'end';
    }
    if (!isWhole) return mayBecomeDelimiterRow(line) ? 'wait' : 'none';
    return isDelimiterRow(line) && this.header.length <= maxColumns ? 'row' : 'none';
  }

  get isTable(): boolean {
    return this.aligns !== undefined;
  }

  /** A line that is being written. */
  peek(line: string): void {
    this.line = line;
  }

  /** A line that is whole. Returns the rows that never change again. */
  push(line: string): Row[] {
    this.line = '';
    if (!this.aligns) {
      this.aligns = splitRow(line).map((cell) =>
        /^:-*:$/.test(cell.trim()) ? 'center' : /:$/.test(cell.trim()) ? 'right' : 'left',
      );
      return [];
    }
    this.body.push(this.cells(line, true));
    if (!this.widths && this.rows().length <= maxOpenRows) return [];
    this.widths ??= this.layout();
    return this.end();
  }

  /** All rows as they are now. */
  rows(): Row[] {
    const body = this.line === '' ? this.body : [...this.body, this.cells(this.line, false)];
    const widths = this.widths ?? this.layout(body);
    return (widths.length > 0 ? this.grid(body, widths) : this.list(body)).map((row) => [
      ...this.options.prefix,
      ...row,
    ]);
  }

  /** Hands over what there is. */
  end(): Row[] {
    const rows = this.rows();
    this.body = [];
    this.isHeaderOut = true;
    return rows;
  }

  /** Another width: what is written from now on fits it. */
  resize(): void {
    if (this.widths) this.widths = this.layout();
  }

  /** Cells that the header has no name for stay with the last one that has. */
  private cells(line: string, isWhole: boolean, nNamed = this.header.length): Cell[][] {
    const all = splitRow(line);
    const texts = all.length > nNamed ? [...all.slice(0, nNamed - 1), all.slice(nNamed - 1).join('|')] : all;
    return texts.map((text, i) => {
      const isLast = i === texts.length - 1;
      const options = { isWhole: isWhole || !isLast, before: '', keepsMarks: this.options.keepsMarks };
      const { settled, open } = parseInline(text.trim(), options);
      return [...settled, ...open];
    });
  }

  /** Widths of columns; none where they would be too narrow. */
  private layout(body: readonly Cell[][][] = this.body): number[] {
    const nColumns = this.header.length;
    const room = this.room - 3 * (nColumns - 1);
    const natural = this.header.map((name, i) =>
      Math.max(...[name, ...body.map((row) => row[i] ?? [])].map(widest), 1),
    );
    if (natural.reduce((a, b) => a + b, 0) <= room) return natural;
    if (room < minColumn * nColumns) return [];
    let share = Math.floor(room / nColumns);
    for (let round = 0; round < nColumns; round++) {
      const small = natural.filter((width) => width <= share);
      if (small.length === nColumns) break;
      share = Math.floor((room - small.reduce((a, b) => a + b, 0)) / (nColumns - small.length));
    }
    return natural.map((width) => Math.min(width, share));
  }

  private get room(): number {
    return this.options.columns() - rowWidth(this.options.prefix);
  }

  private grid(body: readonly Cell[][][], widths: readonly number[]): Row[] {
    const line = (row: Cell[][]): Row[] => {
      const columns = widths.map((width, i) => wrapped(row[i] ?? [], { columns: width }));
      const nRows = Math.max(...columns.map((rows) => rows.length));
      return Array.from({ length: nRows }, (_, r) =>
        this.join(
          columns.map((rows) => rows[r] ?? []),
          widths,
        ),
      );
    };
    const between = widths.map((width) => '─'.repeat(width)).join('─┼─');
    const rule = this.aligns ? [cellsOf(between, '2')] : []; // it may turn out to be no table
    const head = this.isHeaderOut ? [] : [...line(this.header), ...rule];
    return [...head, ...body.flatMap(line)];
  }

  private join(cells: readonly Row[], widths: readonly number[]): Row {
    const row: Cell[] = [];
    for (const [i, width] of widths.entries()) {
      if (i > 0) row.push(...cellsOf(' '), ...cellsOf('│', '2'), ...cellsOf(' '));
      const cell = fitting(cells[i] ?? [], width);
      const free = width - rowWidth(cell);
      const align = this.aligns?.[i] ?? 'left';
      const left = align === 'right' ? free : align === 'center' ? free >> 1 : 0;
      const right = i === widths.length - 1 ? 0 : free - left;
      row.push(...cellsOf(' '.repeat(left)), ...cell, ...cellsOf(' '.repeat(right)));
    }
    return row;
  }

  /** Each row as lines of `Name: value`. */
  private list(body: readonly Cell[][][]): Row[] {
    const rest = cellsOf('  ');
    const item = (row: Cell[][]): Row[] =>
      this.header.flatMap((name, i) =>
        wrapped([...name, ...cellsOf(': '), ...(row[i] ?? [])], { columns: this.room, rest }),
      );
    const between = cellsOf('─'.repeat(Math.max(1, Math.min(this.room, 12))), '2');
    if (body.length === 0 && !this.isHeaderOut)
      return this.header.flatMap((name) => wrapped(name, { columns: this.room }));
    return body.flatMap((row, i) => (i === 0 && !this.isHeaderOut ? item(row) : [between, ...item(row)]));
  }
}

/** The widest line of a cell. */
function widest(cell: Row): number {
  let [most, width] = [0, 0];
  for (const each of cell) {
    width = each.text === '\n' ? 0 : width + each.width;
    most = Math.max(most, width);
  }
  return most;
}

/** The cells of a line: pipes between them, but not those behind a backslash or in code. */
function splitRow(line: string): string[] {
  const cells = [''];
  for (const [part] of line
    .trim()
    .replace(/^\|/, '')
    .matchAll(/\\[^]|`[^`]*`|[^]/g)) {
    if (part === '|') cells.push('');
    else cells.push(cells.pop()! + (part === '\\|' ? '|' : part));
  }
  if (cells.length > 1 && cells.at(-1)!.trim() === '') cells.pop();
  return cells;
}
