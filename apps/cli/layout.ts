/** Text that fits the window. */
import { stdout } from 'node:process';
import { columns } from './terminal.ts';
import { wrapWords } from './wrap_words.ts';

const usualWidth = 80;
/** In less there is no sense in columns. */
const leastWidth = 20;

/** Columns of the window; of a usual one where stdout is a pipe or a file. */
export const windowWidth = (): number => Math.max(leastWidth, (stdout.isTTY && stdout.columns) || usualWidth);

/** Paragraphs flow; lines that begin with spaces, such as those of a table, stay lines. */
export function wrapText(text: string, width: number): string[] {
  return text.split('\n\n').flatMap((paragraph, i) => {
    const [head, ...rows] = paragraph.replace(/\n(?! )/g, ' ').split('\n');
    return [...(i === 0 ? [] : ['']), ...wrapLine(head!, width), ...wrapTable(rows, width)];
  });
}

const wrapLine = (line: string, width: number): string[] => wrapWords(line.split(/\s+/), { width });

function wrapTable(rows: readonly string[], width: number): string[] {
  if (rows.every((row) => row.length <= width)) return [...rows];
  const cells = rows.map((row) => row.trim().split(/ {2,}/));
  return twoColumns(
    cells.map(([name = '', ...help]) => [name, help.join(' ')]),
    width,
  );
}

/** A command line; where it is broken, a shell still takes it. */
export const wrapCommand = (line: string, width: number): string[] =>
  wrapWords(line.match(/"[^"]*"|'[^']*'|\S+/g) ?? [], { width, first: 2, rest: 4, ending: ' \\' });

/** Two columns; in a narrow window the right one goes under the left one. */
export function twoColumns(rows: readonly (readonly [string, string])[], width: number): string[] {
  const left = Math.max(0, ...rows.map(([name]) => name.length));
  const column = left + 4;
  if (width - column < 28) {
    return rows.flatMap(([name, text]) => [
      ...wrapWords(name.split(' '), { width, first: 2, rest: 4 }),
      ...wrapWords(text.split(/\s+/), { width, first: 4 }),
    ]);
  }
  return rows.flatMap(([name, text]) => {
    const [head, ...others] = wrapWords(text.split(/\s+/), { width, first: column });
    return [`  ${name.padEnd(left)}${head!.slice(left + 2)}`, ...others];
  });
}

/** Less of a value says nothing. */
const leastCell = 16;

/** Rows as wide as the window: the last cell is cut where it may be, else a row's other cells go under the first, on as many lines as it takes. */
export function fittingRows(
  rows: readonly (readonly string[])[],
  align: string,
  { width, cuts }: { readonly width: number; readonly cuts: boolean },
): string[] {
  const lines = columns(rows, align).map((line) => `  ${line}`);
  const last = Math.max(...rows.map((cells) => cells.at(-1)!.length));
  const longest = Math.max(...lines.map((line) => line.length));
  if (longest <= width) return lines;
  if (cuts && longest - last + leastCell <= width) return lines.map((line) => cutLine(line, width));
  return rows.flatMap(([name, ...cells]) => {
    const words = cells.filter((cell) => cell !== '').map((cell, i) => (i === 0 ? cell : ` ${cell}`)); // two spaces between
    const below = wrapWords(words, { width, first: 4, rest: 3 });
    return [`  ${name}`, ...(cuts ? [below.join('')] : below)].map((line) => cutLine(line, width));
  });
}

/** A line cut to the window. */
const cutLine = (line: string, width: number): string => (line.length <= width ? line : `${line.slice(0, width - 1)}…`);

/** Columns for what programs may read, too: without limit into a pipe or file. */
export const outputWidth = (): number => (stdout.isTTY ? windowWidth() : Infinity);
