/** Everything that a person sees: colours, progress, numbers, and text that cannot take the terminal over. */
import { stderr, stdout } from 'node:process';
import { wrapWords } from './wrap_words.ts';

/** https://no-color.org */
export const mayColour = (stream: { readonly isTTY?: boolean }): boolean =>
  stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

const painter = (stream: { readonly isTTY?: boolean }) => {
  const paint = (open: number, close: number) => (text: string) =>
    mayColour(stream) ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), cyan: paint(36, 39) };
};

export const style = painter(stdout);
export const errStyle = painter(stderr);

/** DEL, C1, the marks that turn the writing direction, and line breaks that only some programs see. */
const invisible = /[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text that came from a model or a file, made harmless: escape sequences could move the cursor, rename the window or
 * worse. Control characters become their pictures (ESC is ␛), those that turn the writing direction become U+FFFD. Line
 * breaks and tabs stay.
 */
export function harmless(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(/[\0-\x08\x0b-\x1f]/g, picture)
    .replace(invisible, (char) => (char === '\x7f' ? '\u2421' : '\ufffd'));
}

const picture = (char: string): string => String.fromCharCode(0x2400 + char.charCodeAt(0));

/** The same for a name, which has one line. */
export const harmlessName = (name: string): string => harmless(name).replace(/[\t\n]/g, picture);

/** Text for stdout: verbatim into a pipe or file, harmless on a terminal. */
export const forStdout = (text: string): string => (stdout.isTTY ? harmless(text) : text);

/** Writes and waits until there is room for more, so that output never piles up in memory. */
export async function print(text: string | Uint8Array): Promise<void> {
  if (stdout.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stdout.off('drain', done).off('close', done);
      resolve();
    };
    stdout.once('drain', done).once('close', done);
  });
}

/** What a command has to say goes through here: its text is made harmless for a terminal before it is painted. */
export const printLine = (text: string, paint = (plain: string) => plain): Promise<void> =>
  print(`${paint(forStdout(text))}\n`);

/** One object for programs, on one line. On a terminal, too, nothing in it moves the cursor. */
export function printJson(value: unknown): Promise<void> {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const json = JSON.stringify(value);
  return print(`${stdout.isTTY ? json.replace(invisible, escaped) : json}\n`);
}

/** A line on stderr, wherever that goes; a terminal gets whole words, and the first one painted. */
export function complain(text: string, paint = (plain: string) => plain): void {
  const shown = forStderr(text.split(' '));
  const end = text.indexOf(' ');
  stderr.write(`${paint(shown.slice(0, end))}${shown.slice(end)}\n`);
}

/** A remark for the person in front, as words or parts that stay whole; nothing where stderr is a file or a pipe. */
export function remark(text: string | readonly string[]): void {
  const words = typeof text === 'string' ? text.split(' ') : text;
  if (stderr.isTTY) stderr.write(`${errStyle.dim(forStderr(words))}\n`);
}

function forStderr(words: readonly string[]): string {
  const width = (stderr.isTTY && stderr.columns) || Infinity;
  return wrapWords(words.map(harmless), { width }).join('\n');
}

const barWidth = 24;
const redrawMs = 60;

export interface Progress {
  update(done: number, total: number, note?: string): void;
  /** Takes the line away. */
  end(): void;
}

/** A bar on one line of stderr, where that is a terminal; a bar that would only flash up is not drawn. */
export function progressBar(label: string): Progress {
  label = harmlessName(label);
  if (!stderr.isTTY || process.env['TERM'] === 'dumb') return { update: () => undefined, end: () => undefined };
  let drawnMs = performance.now();
  let drawn = false;
  let timer: NodeJS.Timeout | undefined;
  const draw = (bar: Omit<Bar, 'columns'>): void => {
    drawnMs = performance.now();
    drawn = true;
    stderr.write(`\r\x1b[K${barRow({ ...bar, columns: (stderr.columns || 80) - 1 }, errStyle)}`);
  };
  return {
    update(done, total, note = '') {
      clearTimeout(timer);
      const bar = { label, done, total, note };
      const dueMs = drawnMs + redrawMs - performance.now();
      if (dueMs <= 0) return draw(bar);
      timer = setTimeout(draw, dueMs, bar).unref(); // the next update may be long in coming
    },
    end() {
      clearTimeout(timer);
      if (drawn) stderr.write('\r\x1b[K');
      drawn = false;
    },
  };
}

interface Bar {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  readonly note: string;
  readonly columns: number;
}

/** What would wrap could not be taken away again: first the note goes, then the bar gets short. */
export function barRow({ label, done, total, note, columns }: Bar, { cyan, dim }: typeof style): string {
  const part = total > 0 ? Math.min(1, done / total) : 0;
  const percent = `${String(Math.floor(part * 100)).padStart(3)} %`;
  const room = columns - `${label}  ${percent}`.length;
  const width = Math.max(0, Math.min(barWidth, room));
  const shown = note.length < room - width ? ` ${harmlessName(note)}` : '';
  const full = Math.round(part * width);
  return `${label} ${cyan('━'.repeat(full))}${dim('─'.repeat(width - full))} ${percent}${dim(shown)}`;
}

/** `98,362,432`. */
export const counted = (n: number): string => n.toLocaleString('en-US');

/** `1 token`, `2,000 tokens`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${counted(n)} ${n === 1 ? one : many}`;

/** `93.8 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** `135 M`, `1.24 B`. */
export function formatParams(n: number): string {
  const [unit, letter] = n >= 1e9 ? [1e9, ' B'] : n >= 1e6 ? [1e6, ' M'] : n >= 1e3 ? [1e3, ' K'] : [1, ''];
  return `${Number((n / unit).toPrecision(3))}${letter}`;
}

/** `0.31 s`, `42 ms`. */
export const formatMs = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);

/** Digits that mean something in a machine's output. */
export const rounded = (n: number, digits = 3): number => Number(n.toFixed(digits));

/** Rows under each other, columns as wide as they must be; numbers belong to the right (`>`). */
export function columns(rows: readonly (readonly string[])[], align: string): string[] {
  const widths = [...align].map((_, i) => rows.reduce((most, row) => Math.max(most, row[i]!.length), 0));
  const cell = (text: string, i: number) => (align[i] === '>' ? text.padStart(widths[i]!) : text.padEnd(widths[i]!));
  return rows.map((row) => row.map(cell).join('  ').trimEnd());
}
