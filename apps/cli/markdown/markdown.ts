/**
 * Markdown on a terminal, while it is written. Rows that are done never change again, however the text goes on and however it
 * was cut into pieces; what is open may still change. Line breaks of the source stay, as people write them in chats.
 */
import { itemsAround, quoteOf, startOf, type Item, type LineStart } from './blocks.ts';
import { both, cellsOf, Flow, type Cell, type Row } from './cells.ts';
import { startColouring, type Colouring } from './code_colour.ts';
import { parseInline } from './inline.ts';
import { Table } from './table.ts';

export interface MarkdownOptions {
  /** Columns to fill; asked every time, because windows change. */
  readonly columns: () => number;
  /** Where styles are not shown, marks such as `**` stay. */
  readonly hasStyles: boolean;
  /** Added to every cell: thoughts are dim. */
  readonly style?: string;
}

/** A line that is being written. */
interface Line {
  push(text: string): void;
  /** Rows done, once. */
  take(): Row[];
  rows(): Row[];
  end(): Row[];
  resize(): void;
}

interface Code {
  readonly fence: string;
  readonly indent: number;
  readonly depth: number;
  readonly prefix: Row;
  readonly colouring: Colouring;
}

const headingStyles = ['1;4', '1;4', '1', '1', '1', '1'];
const maxRule = 40;

export class Markdown {
  private readonly options: Required<MarkdownOptions>;
  private done: Row[] = [];
  /** The line so far, until it is known what it is. */
  private head = '';
  private line: Line | undefined;
  private code: Code | undefined;
  private table: Table | undefined;
  private tableDepth = 0;
  private items: Item[] = [];
  private depth = 0;
  private isBlankDue = false;
  private isAfterBlank = false;
  private isEmpty = true;

  constructor(options: MarkdownOptions) {
    this.options = { style: '', ...options };
  }

  /** Text without carriage returns or other control characters. */
  push(text: string): void {
    const [first = '', ...others] = text.split('\n');
    this.pushPart(first);
    for (const part of others) {
      this.endLine();
      this.pushPart(part);
    }
  }

  end(): void {
    if (this.head !== '' || this.line) this.endLine();
    this.endTable();
    if (this.code) this.closeCode();
  }

  /** Rows that are done, once. */
  take(): Row[] {
    const rows = [...this.done, ...(this.line?.take() ?? []).map((row) => this.styled(row))];
    this.done = [];
    return rows;
  }

  /** Rows that may change yet. */
  open(): Row[] {
    if (this.table) return this.table.rows().map((row) => this.styled(row));
    return (this.line?.rows() ?? []).map((row) => this.styled(row));
  }

  resize(): void {
    this.table?.resize();
    this.line?.resize();
  }

  private pushPart(text: string): void {
    if (text === '') return;
    if (this.line) return this.line.push(text);
    this.head += text;
    this.openLine(false);
  }

  private endLine(): void {
    if (!this.line) this.openLine(true);
    if (this.line) this.put(this.line.end());
    this.line = undefined;
    this.head = '';
  }

  /** Finds out what the line is, if there is enough of it. Lines that are dealt with at once leave none open. */
  private openLine(isWhole: boolean): void {
    const { head } = this;
    if (this.code && this.stepInCode(this.code, isWhole)) return;
    const quote = quoteOf(head, isWhole);
    if (!quote) return;
    if (this.table && this.stepInTable(this.table, quote, isWhole)) return;
    if (quote.depth !== this.depth) this.items = [];
    const start = startOf(quote.rest, isWhole);
    if (!start) return;
    if (start.kind === 'row' && !isWhole) return; // its table is known when the line is whole
    if (start.kind !== 'blank') this.startBlock(start, quote.depth);
    this.depth = quote.depth;
    this.openers[start.kind](start as never);
  }

  private readonly openers: { readonly [kind in LineStart['kind']]: (start: never) => void } = {
    blank: () => (this.isBlankDue = !this.isEmpty),
    text: ({ indent, rest }: LineStart & { kind: 'text' }) => this.openText(indent, rest),
    heading: ({ level, rest }: LineStart & { kind: 'heading' }) => {
      this.items = [];
      const marks = this.options.hasStyles ? '' : `${'#'.repeat(level)} `;
      this.openInline(marks + rest, { first: this.prefix(0), style: headingStyles[level - 1]! });
    },
    item: (start: LineStart & { kind: 'item' }) => this.openItem(start),
    rule: () => {
      this.items = [];
      this.put([this.rule(this.prefix(0))]);
    },
    fence: (start: LineStart & { kind: 'fence' }) => this.openCode(start),
    row: ({ indent, rest }: LineStart & { kind: 'row' }) => {
      this.items = itemsAround(this.items, indent, false);
      const { columns, hasStyles } = this.options;
      this.table = new Table(rest, { columns, prefix: this.prefix(this.shown), keepsMarks: !hasStyles });
      this.tableDepth = this.depth;
    },
  };

  /** Where the innermost item's text stands. */
  private get shown(): number {
    return this.items.at(-1)?.shown ?? 0;
  }

  private startBlock({ kind }: LineStart, depth: number): void {
    const needsAir = kind === 'heading' && !this.isEmpty;
    if (this.isBlankDue || needsAir) this.done.push(this.styled(this.prefix(0, Math.min(depth, this.depth))));
    this.isAfterBlank = this.isBlankDue;
    this.isBlankDue = false;
    this.isEmpty = false;
  }

  private openText(indent: number, rest: string): void {
    const around = itemsAround(this.items, indent, false);
    const isLazy = this.items.length > 0 && around.length === 0 && !this.isAfterBlank;
    if (!isLazy) this.items = around;
    const extra = this.items.length > 0 ? 0 : Math.min(indent, 16); // verse and drawings keep their shape
    const prefix = this.prefix(this.shown + extra);
    this.openInline(rest, { first: prefix, rest: prefix });
  }

  private openItem({ indent, mark, rest }: LineStart & { kind: 'item' }): void {
    this.items = itemsAround(this.items, indent, true);
    const before = this.prefix(this.shown);
    const markCells = cellsOf(`${mark} `, mark === '•' ? '' : '1');
    const shown = this.shown + markCells.length;
    this.items.push({ indent, shown });
    this.openInline(rest, { first: [...before, ...markCells], rest: this.prefix(shown) });
  }

  private openInline(
    text: string,
    { first, rest = first, style = '' }: { first: Row; rest?: Row; style?: string },
  ): void {
    const { columns, hasStyles } = this.options;
    this.line = inlineLine({ columns, keepsMarks: !hasStyles, first, rest, style });
    this.line.push(text);
  }

  private openCode({ indent, fence, language }: LineStart & { kind: 'fence' }): void {
    this.items = itemsAround(this.items, indent, false);
    const prefix = this.prefix(this.shown);
    this.code = { fence, indent, depth: this.depth, prefix, colouring: startColouring(language) };
    this.put([this.rule(prefix, language)]);
  }

  private closeCode(): void {
    this.put([this.rule(this.code!.prefix)]);
    this.code = undefined;
  }

  /** Whether the line belongs to the code. */
  private stepInCode(code: Code, isWhole: boolean): boolean {
    const quote = code.depth > 0 ? quoteOf(this.head, isWhole) : { depth: 0, rest: this.head };
    if (!quote) return true;
    if (quote.depth < code.depth) {
      this.closeCode();
      return false;
    }
    const rest = quote.rest.replace(new RegExp(`^[ ]{0,${code.indent}}`), '');
    const mark = code.fence[0]!;
    const couldClose =
      new RegExp(`^\\s*${mark}*\\s*$`).test(rest) && !(isWhole && rest.trim().length < code.fence.length);
    if (!isWhole && couldClose) return true;
    if (couldClose) {
      this.closeCode();
      return true;
    }
    this.line = codeLine(code, this.options.columns);
    this.line.push(rest);
    return true;
  }

  /** Whether the line belongs to the table. */
  private stepInTable(table: Table, quote: { depth: number; rest: string }, isWhole: boolean): boolean {
    const answer = quote.depth === this.tableDepth ? table.asks(quote.rest, isWhole) : table.isTable ? 'end' : 'none';
    if (answer === 'wait') return true;
    if (answer === 'row') {
      if (isWhole) this.put(table.push(quote.rest));
      else table.peek(quote.rest);
      return true;
    }
    this.endTable();
    return false;
  }

  private endTable(): void {
    const { table } = this;
    if (!table) return;
    this.table = undefined;
    if (table.isTable) return this.put(table.end());
    this.openInline(table.head, { first: this.prefix(this.shown) });
    this.put(this.line!.end());
    this.line = undefined;
  }

  private prefix(indent: number, depth = this.depth): Cell[] {
    return [...cellsOf('│ '.repeat(depth), '2'), ...cellsOf(' '.repeat(indent))];
  }

  private rule(prefix: Row, label = ''): Row {
    const width = Math.max(4, Math.min(maxRule, this.options.columns() - prefix.length));
    const name = label === '' ? '' : ` ${label.slice(0, width - 6)} `;
    return [...prefix, ...cellsOf(`──${name}`.padEnd(width, '─'), '2')];
  }

  private put(rows: readonly Row[]): void {
    this.done.push(...rows.map((row) => this.styled(row)));
  }

  private styled(row: Row): Row {
    const { style } = this.options;
    return style === '' ? row : row.map((cell) => ({ ...cell, style: both(style, cell.style) }));
  }
}

interface InlineLineOptions {
  readonly columns: () => number;
  readonly keepsMarks: boolean;
  readonly first: Row;
  readonly rest: Row;
  readonly style: string;
}

function inlineLine({ columns, keepsMarks, first, rest, style }: InlineLineOptions): Line {
  let flow = new Flow({ columns: columns(), first, rest });
  let source = '';
  let before = '';
  let open: Cell[] = [];
  const dressed = (cells: Cell[]) =>
    style === '' ? cells : cells.map((cell) => ({ ...cell, style: both(style, cell.style) }));
  const parse = (isWhole: boolean): void => {
    const inline = parseInline(source, { isWhole, before, keepsMarks });
    flow.push(dressed(inline.settled));
    open = dressed(inline.open);
    if (inline.nSettled > 0) before = source[inline.nSettled - 1]!;
    source = source.slice(inline.nSettled);
  };
  return {
    push(text) {
      source += text;
      parse(false);
    },
    take: () => flow.take(),
    rows: () => flow.rows(open),
    end() {
      parse(true);
      return flow.rows();
    },
    resize: () => (flow = flow.resized(columns())),
  };
}

/** A line of code, shown broken where it is too long, and printed whole: so it can be copied. */
function codeLine({ prefix, colouring }: Code, columns: () => number): Line {
  let line = '';
  return {
    push: (text) => void (line += text),
    take: () => [],
    rows() {
      const flow = new Flow({ columns: columns(), first: prefix, rest: prefix, anywhere: true });
      return flow.rows(colouring.peek(line));
    },
    end: () => [[...prefix, ...colouring.push(line)]],
    resize: () => undefined,
  };
}
