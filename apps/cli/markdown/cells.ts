/** Text as a terminal counts it: graphemes, the cells they take, and how they look. */
import stringWidth from 'string-width';

/** What a terminal draws as one character. */
export interface Cell {
  readonly text: string;
  /** Columns: 0, 1 or 2. */
  readonly width: number;
  /** SGR codes with semicolons between; empty for plain text. */
  readonly style: string;
}

export type Row = readonly Cell[];

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

export function graphemes(text: string): string[] {
  if (/^[\x20-\x7e]*$/.test(text)) return text.split('');
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

const isNarrow = (text: string): boolean => text.length === 1 && text >= ' ' && text <= '~';

/** Columns of a text; escape sequences take none. */
export const widthOf = (text: string): number => (isNarrow(text) ? 1 : stringWidth(text));

export const cellsOf = (text: string, style = ''): Cell[] =>
  graphemes(text).map((each) => ({ text: each, width: widthOf(each), style }));

export const rowWidth = (row: Row): number => row.reduce((sum, { width }) => sum + width, 0);

/** Two styles on top of each other. */
export const both = (a: string, b: string): string => (a === '' || a === b ? b : b === '' ? a : `${a};${b}`);

/** A row as a terminal reads it; without colour it is text alone. */
export function rowText(row: Row, hasColour: boolean): string {
  let text = '';
  let style = '';
  for (const cell of row) {
    if (hasColour && cell.style !== style) {
      text += `${style === '' ? '' : '\x1b[0m'}${cell.style === '' ? '' : `\x1b[${cell.style}m`}`;
      style = cell.style;
    }
    text += cell.text;
  }
  return style === '' ? text : `${text}\x1b[0m`;
}

export interface FlowOptions {
  readonly columns: number;
  /** In front of the first row, and of those that follow. */
  readonly first?: Row;
  readonly rest?: Row;
  /** Breaks anywhere: for code. Otherwise between words, where there are some. */
  readonly anywhere?: boolean;
}

/** Breaks cells into rows as they come. Rows behind the one at the end never change again. */
export class Flow {
  private readonly options: Required<FlowOptions>;
  private finished: Row[] = [];
  private row: Cell[];
  private width: number;
  /** Where the row may be broken, and where its text begins. */
  private breakAt = 0;
  private start: number;

  constructor(options: FlowOptions) {
    const most = Math.max(1, options.columns >> 1);
    const [first, rest] = [options.first ?? [], options.rest ?? []].map((row) => fitting(row, most));
    this.options = { anywhere: false, ...options, first: first!, rest: rest! };
    this.row = [...first!];
    this.width = rowWidth(this.row);
    this.start = this.row.length;
  }

  push(cells: Row): void {
    for (const cell of cells) this.pushCell(cell);
  }

  private pushCell(cell: Cell): void {
    if (cell.text === '\n') return this.endRow(this.row.length);
    const isSpace = cell.text === ' ' && !this.options.anywhere;
    if (cell.width === 2 && this.row.length > this.start) this.breakAt = this.row.length; // scripts without spaces
    if (this.width + cell.width > this.options.columns && this.row.length > this.start) {
      if (isSpace) {
        this.breakAt = this.row.length; // a space at the edge is the line break
        return;
      }
      const isWordMoved = !this.options.anywhere && this.breakAt > this.start;
      this.endRow(isWordMoved ? this.breakAt : this.row.length);
    }
    const hasWord = this.row.slice(this.start).some(({ text }) => text !== ' ');
    this.row.push(cell);
    this.width += cell.width;
    if ((isSpace && hasWord) || cell.width === 2) this.breakAt = this.row.length;
  }

  private endRow(at: number): void {
    const moved = this.row.splice(at);
    this.finished.push(withoutTrailingSpaces(this.row));
    this.start = this.options.rest.length;
    this.row = [...this.options.rest, ...moved];
    this.width = rowWidth(this.row);
    this.breakAt = 0;
  }

  /** The rows that are finished, once. */
  take(): Row[] {
    const { finished } = this;
    this.finished = [];
    return finished;
  }

  /** All rows not taken yet, the one at the end too, with more text behind: as if it had been pushed. */
  rows(more: Row = []): Row[] {
    const fork = Object.assign(Object.create(Flow.prototype) as Flow, this);
    fork.finished = [...this.finished];
    fork.row = [...this.row];
    fork.push(more);
    return [...fork.finished, withoutTrailingSpaces(fork.row)];
  }

  /** The same text in another width; what was taken stays as it is. */
  resized(columns: number): Flow {
    const isFirst = this.start === this.options.first.length && this.row[0] === this.options.first[0];
    const flow = new Flow({ ...this.options, columns, first: isFirst ? this.options.first : this.options.rest });
    flow.push(this.row.slice(this.start));
    return flow;
  }
}

/** Rows of a text that is whole. */
export function wrapped(cells: Row, options: FlowOptions): Row[] {
  const flow = new Flow(options);
  flow.push(cells);
  return flow.rows();
}

function withoutTrailingSpaces(row: Row): Row {
  let end = row.length;
  while (end > 0 && row[end - 1]!.text === ' ') end--;
  return row.slice(0, end);
}

/** As much of a row as fits. */
export function fitting(row: Row, columns: number): Row {
  let width = 0;
  const end = row.findIndex((cell) => (width += cell.width) > columns);
  return end < 0 ? row : row.slice(0, end);
}
