/** The message being typed: graphemes, and blocks that stand for long pastes. */
import { cellsOf, Flow, graphemes, rowText, widthOf, type Cell } from '../markdown/cells.ts';
import { counted, harmless } from '../terminal.ts';
import type { Press } from './keys.ts';
import type { Cursor } from './screen.ts';

/** What the cursor steps over at once. */
interface Unit {
  readonly text: string;
  /** What stands for it on the screen; the text itself if absent. */
  readonly label?: string;
}

export interface EditorRows {
  readonly rows: string[];
  readonly cursor: Cursor;
}

export interface EditorView {
  readonly columns: number;
  /** Rows that there is room for; of longer messages the part around the cursor is shown. */
  readonly maxRows: number;
  readonly hasStyles: boolean;
  /** Shown while nothing is typed. */
  readonly hint?: string;
}

/** Pastes longer than this become a block. */
const longPaste = { lines: 6, chars: 600 };
const prompt = '> ';
const maxUndo = 200;

export class Editor {
  private units: Unit[] = [];
  private at = 0;
  private cut: Unit[] = [];
  private undo: { units: Unit[]; at: number }[] = [];
  private columns = 80;

  get text(): string {
    return this.units.map(({ text }) => text).join('');
  }

  get isEmpty(): boolean {
    return this.units.length === 0;
  }

  /** Up to the cursor. */
  get textBefore(): string {
    return this.units
      .slice(0, this.at)
      .map(({ text }) => text)
      .join('');
  }

  set(text: string): void {
    this.change(0, this.units.length, unitsOf(text));
  }

  /** An earlier message in place of this one. */
  recall(text: string): void {
    this.change(0, this.units.length, folded(text, 'earlier message of'));
  }

  insert(text: string): void {
    const before = this.units[this.at - 1];
    const isJoined =
      before?.label === undefined && before?.text !== '\n' && graphemes(before?.text + text)[0] !== before?.text;
    if (before && isJoined)
      this.change(this.at - 1, this.at, unitsOf(before.text + text)); // a mark or a joiner
    else this.change(this.at, this.at, unitsOf(text));
  }

  /** A long one is shown as `[pasted 12 lines]`. */
  paste(text: string): void {
    this.change(this.at, this.at, folded(text, 'pasted'));
  }

  /** Puts the text of blocks in their place. Returns whether there was one. */
  unfold(): boolean {
    if (!this.units.some(({ label }) => label !== undefined)) return false;
    this.set(this.text);
    return true;
  }

  /** Changes the message as the key says; false for keys that mean nothing here. */
  press(press: Press): boolean {
    const act = actions[keyName(press)];
    act?.(this.hand);
    return act !== undefined;
  }

  /** One row up or down within the message; false where there is none. */
  moveRow(step: 1 | -1): boolean {
    const places = this.layout(this.columns, false).places;
    const here = places[this.at]!;
    const row = places.map((place, i) => ({ ...place, i })).filter((place) => place.row === here.row + step);
    if (row.length === 0) return false;
    this.at = (row.findLast(({ column }) => column <= here.column) ?? row[0]!).i;
    return true;
  }

  view({ columns, maxRows, hasStyles, hint = '' }: EditorView): EditorRows {
    this.columns = columns;
    const { cells, places } = this.layout(columns, hasStyles);
    if (this.isEmpty) cells.push(...cellsOf(hint, '2').slice(0, columns - prompt.length));
    const rows = rowsOf(cells, columns, hasStyles);
    const cursor = places[this.at]!;
    if (cursor.row === rows.length) rows.push(''); // the row before is full
    if (rows.length <= maxRows) return { rows, cursor };
    const first = Math.min(Math.max(0, cursor.row - (maxRows >> 1)), rows.length - maxRows);
    return { rows: rows.slice(first, first + maxRows), cursor: { ...cursor, row: cursor.row - first } };
  }

  private change(from: number, to: number, units: readonly Unit[]): void {
    this.undo.push({ units: this.units, at: this.at });
    if (this.undo.length > maxUndo) this.undo.shift();
    this.units = this.units.toSpliced(from, to - from, ...units);
    this.at = from + units.length;
  }

  /** Cells with the prompt in front, and where the cursor stands before each unit and behind the last. */
  private layout(columns: number, hasStyles: boolean): { cells: Cell[]; places: Cursor[] } {
    const cells = cellsOf(prompt, hasStyles ? '36' : '');
    const places: Cursor[] = [];
    let [row, column] = [0, prompt.length];
    const step = (cell: Cell): void => {
      if (cell.text === '\n') [row, column] = [row + 1, prompt.length];
      else {
        if (column + cell.width > columns) [row, column] = [row + 1, prompt.length];
        column += cell.width;
      }
      cells.push(cell);
    };
    const place = (): void =>
      void places.push(column < columns ? { row, column } : { row: row + 1, column: prompt.length });
    for (const unit of this.units) {
      const shown = unit.label === undefined ? cellsOfUnit(unit) : cellsOf(unit.label, '36');
      if (shown[0] && shown[0].text !== '\n' && column + shown[0].width > columns)
        places.push({ row: row + 1, column: prompt.length });
      else place();
      for (const cell of shown) step(cell);
    }
    place();
    return { cells, places };
  }

  private readonly hand: Hand = {
    move: (to) => (this.at = Math.max(0, Math.min(this.units.length, to(this.units, this.at)))),
    erase: (to, keeps) => {
      const other = Math.max(0, Math.min(this.units.length, to(this.units, this.at)));
      const [from, until] = [Math.min(this.at, other), Math.max(this.at, other)];
      if (from === until) return;
      if (keeps) this.cut = this.units.slice(from, until);
      this.change(from, until, []);
    },
    paste: () => this.change(this.at, this.at, this.cut),
    undo: () => {
      const before = this.undo.pop();
      if (before) [this.units, this.at] = [before.units, before.at];
    },
    newLine: () => this.insert('\n'),
  };
}

type Goal = (units: readonly Unit[], at: number) => number;

interface Hand {
  move(to: Goal): void;
  erase(to: Goal, keeps: boolean): void;
  paste(): void;
  undo(): void;
  newLine(): void;
}

const previous: Goal = (_units, at) => at - 1;
const next: Goal = (_units, at) => at + 1;
const lineBegin: Goal = (units, at) => units.findLastIndex(({ text }, i) => i < at && text === '\n') + 1;
const lineEnd: Goal = (units, at) => {
  const found = units.findIndex(({ text }, i) => i >= at && text === '\n');
  return found < 0 ? units.length : found;
};
const isWord = ({ text, label }: Unit): boolean => label !== undefined || /[\p{L}\p{N}_]/u.test(text);
const wordBegin: Goal = (units, at) => {
  while (at > 0 && !isWord(units[at - 1]!)) at--;
  while (at > 0 && isWord(units[at - 1]!)) at--;
  return at;
};
const wordEnd: Goal = (units, at) => {
  while (at < units.length && !isWord(units[at]!)) at++;
  while (at < units.length && isWord(units[at]!)) at++;
  return at;
};
/** Ctrl-W goes by spaces. */
const spaceBegin: Goal = (units, at) => {
  while (at > 0 && /^\s$/.test(units[at - 1]!.text)) at--;
  while (at > 0 && !/^\s$/.test(units[at - 1]!.text)) at--;
  return at;
};

const actions: Readonly<Record<string, (hand: Hand) => void>> = {
  left: (hand) => hand.move(previous),
  'ctrl-b': (hand) => hand.move(previous),
  right: (hand) => hand.move(next),
  'ctrl-f': (hand) => hand.move(next),
  home: (hand) => hand.move(lineBegin),
  'ctrl-a': (hand) => hand.move(lineBegin),
  end: (hand) => hand.move(lineEnd),
  'ctrl-e': (hand) => hand.move(lineEnd),
  'ctrl-left': (hand) => hand.move(wordBegin),
  'meta-left': (hand) => hand.move(wordBegin),
  'meta-b': (hand) => hand.move(wordBegin),
  'ctrl-right': (hand) => hand.move(wordEnd),
  'meta-right': (hand) => hand.move(wordEnd),
  'meta-f': (hand) => hand.move(wordEnd),
  backspace: (hand) => hand.erase(previous, false),
  'ctrl-h': (hand) => hand.erase(previous, false),
  delete: (hand) => hand.erase(next, false),
  'ctrl-d': (hand) => hand.erase(next, false),
  'ctrl-w': (hand) => hand.erase(spaceBegin, true),
  'meta-backspace': (hand) => hand.erase(wordBegin, true),
  'ctrl-backspace': (hand) => hand.erase(wordBegin, true),
  'meta-d': (hand) => hand.erase(wordEnd, true),
  'ctrl-u': (hand) => hand.erase(lineBegin, true),
  'ctrl-k': (hand) => hand.erase(lineEnd, true),
  'ctrl-y': (hand) => hand.paste(),
  'ctrl-_': (hand) => hand.undo(),
  'ctrl-/': (hand) => hand.undo(),
  'meta-return': (hand) => hand.newLine(),
  'meta-enter': (hand) => hand.newLine(),
  'shift-return': (hand) => hand.newLine(),
  // Shift-Enter of terminals that tell it apart: kitty's protocol, and xterm's modifyOtherKeys
  '\x1b[13;2u': (hand) => hand.newLine(),
  '\x1b[27;2;13~': (hand) => hand.newLine(),
};

/** `ctrl-left`, `meta-b`; the escape sequence where Node has no name. */
export function keyName({ name, ctrl, meta, shift, sequence = '' }: Press): string {
  if (sequence === '\x1f') return 'ctrl-_';
  if (name === undefined || actions[sequence]) return sequence;
  return `${ctrl ? 'ctrl-' : ''}${meta ? 'meta-' : ''}${shift && name.length > 1 ? 'shift-' : ''}${name}`;
}

function folded(text: string, what: string): Unit[] {
  const nLines = text.replace(/\n$/, '').split('\n').length;
  if (nLines <= longPaste.lines && text.length <= longPaste.chars) return unitsOf(text);
  const size = nLines > 1 ? `${counted(nLines)} lines` : `${counted(text.length)} characters`;
  return [{ text, label: `[${what} ${size}]` }];
}

const unitsOf = (text: string): Unit[] =>
  text
    .split('\n')
    .flatMap((line, i) => [...(i > 0 ? [{ text: '\n' }] : []), ...graphemes(line).map((each) => ({ text: each }))]);

/** Nothing that was pasted can take the terminal over. */
function cellsOfUnit({ text }: Unit): Cell[] {
  if (text === '\n') return [{ text, width: 0, style: '' }];
  if (text === '\t') return cellsOf('  ');
  return cellsOf(harmless(text));
}

function rowsOf(cells: readonly Cell[], columns: number, hasStyles: boolean): string[] {
  const flow = new Flow({ columns, rest: cellsOf(' '.repeat(widthOf('>') + 1)), anywhere: true });
  flow.push(cells);
  return flow.rows().map((row) => rowText(row, hasStyles));
}
