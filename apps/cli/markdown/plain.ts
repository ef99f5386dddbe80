/** Text as it is, broken between words. */
import { cellsOf, Flow, graphemes, type Row } from './cells.ts';

export class PlainText {
  private readonly columns: () => number;
  private flow: Flow;
  /** The last grapheme, which may get a mark or a joiner yet. */
  private tail = '';

  constructor({ columns }: { readonly columns: () => number }) {
    this.columns = columns;
    this.flow = new Flow({ columns: columns() });
  }

  push(text: string): void {
    const all = this.tail + text;
    this.tail = graphemes(all).at(-1) ?? '';
    this.flow.push(cellsOf(all.slice(0, all.length - this.tail.length)));
  }

  end(): void {
    this.flow.push(cellsOf(`${this.tail}\n`));
    this.tail = '';
  }

  take(): Row[] {
    return this.flow.take();
  }

  open(): Row[] {
    return this.flow.rows(cellsOf(this.tail));
  }

  resize(): void {
    this.flow = this.flow.resized(this.columns());
  }
}
