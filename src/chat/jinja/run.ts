/** One render: its place, for error messages, and its budget: templates come out of model files, and may be hostile. */
import { nearest } from '../../base/checks.ts';
import { FormatError, UnsupportedError } from '../../base/errors.ts';
import { counted, sum } from '../../base/numbers.ts';

/** What a template may use. Real ones stay far below, but for a few that look at every message again for each, or at every character. */
export const limits = {
  /** Characters of template source. The longest known template has 17 thousand. */
  templateChars: 1 << 20,
  /** Words, marks and texts between tags. The longest known template has about 5 thousand. */
  templateWords: 400_000,
  /** Work in one render: one per node visited, list item and 8 characters touched, 8 per object. It takes about a second, and 150 MB. */
  steps: 10_000_000,
  /** Steps more for each character and value of a conversation: a long one may take longer. */
  stepsPerGiven: 64,
  /** Nested statements, expressions, macro calls and values. Keeps the JavaScript stack (about 1 MB) from overflowing. */
  depth: 300,
  /** Characters of one string, and so of the output. Doubling a string 24 times reaches it. */
  textChars: 1 << 24,
  /** Items of a list made from nothing: `range(n)`, `[0] * n`. The same bound as Jinja's sandbox. */
  items: 100_000,
} as const;

export interface Run {
  /** The template's lines, for the excerpt in an error. */
  readonly lines: readonly string[];
  readonly now: Date;
  /** Line being executed, from 1. */
  line: number;
  steps: number;
  /** Steps that may be taken. */
  allowed: number;
  depth: number;
}

export function startRun(lines: readonly string[], now: Date): Run {
  return { lines, now, line: 1, steps: 0, allowed: limits.steps, depth: 0 };
}

export function templateError(lines: readonly string[], line: number, message: string): FormatError {
  const near = clip((lines[line - 1] ?? '').trim(), 100);
  return new FormatError(`chat template, line ${line}: ${clip(message, 400)}; near: ${near}`);
}

/** A template can put any text into a message. */
export const clip = (text: string, nChars: number) => (text.length > nChars ? `${text.slice(0, nChars)}…` : text);

export function fail(run: Run, message: string): never {
  throw templateError(run.lines, run.line, message);
}

/** A name the template uses is not among those that are built here. */
export function unknownName(line: number, what: string, name: string, known: Iterable<string>): UnsupportedError {
  return new UnsupportedError(`chat template, line ${line}: no ${what} ${notAmong(name, known)}`);
}

/** The name, the one it may be meant for, and all there are. */
export function notAmong(name: string, all: Iterable<string>): string {
  const names = [...all].sort();
  const known = nearest(name, names);
  const hint = known === undefined ? '' : ` (is it '${known}'?)`;
  return `'${clip(name, 60)}'${hint}${names.length > 0 ? `; there are: ${names.join(', ')}` : ''}`;
}

export function charge(run: Run, steps: number): void {
  run.steps += steps;
  if (run.steps > run.allowed) {
    fail(run, `more than ${counted(run.allowed)} steps, the limit against endless templates`);
  }
}

/** Touching text costs a step per 8 characters, and no string grows past the limit. */
export function chargeText(run: Run, nChars: number): void {
  checkLength(run, nChars);
  charge(run, 1 + (nChars >> 3));
}

/** A search may compare every character of the needle at every place: V8's is quadratic on `'baaa…' in 'aaaa…'`. */
export function chargeSearch(run: Run, nChars: number, nWanted: number): void {
  charge(run, 1 + (nChars >> 3) + (nWanted > nChars ? 0 : Math.floor((nChars * nWanted) / 64)));
}

/** Objects on the heap, of about 100 bytes each: a million of them is the most that is ever kept. */
export function chargeObjects(run: Run, n: number): void {
  charge(run, 8 * n);
}

/** Rows put together, once it is certain that the whole is not too long. */
export function joinRows(run: Run, rows: readonly string[], separator: string): string {
  const nSeparators = Math.max(0, rows.length - 1);
  chargeText(run, sum(rows.map((row) => row.length)) + nSeparators * separator.length);
  return rows.join(separator);
}

/** `replace`, but each match is paid for before there are more: V8 collects them all first. */
export function replaceEach(
  run: Run,
  text: string,
  pattern: RegExp,
  change: (match: RegExpExecArray) => string,
): string {
  let whole = '';
  let end = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    chargeObjects(run, 1);
    whole += text.slice(end, match.index) + change(match);
    end = match.index + match[0].length;
    checkLength(run, whole.length);
  }
  return end === 0 ? text : whole + text.slice(end);
}

export function checkLength(run: Run, nChars: number): void {
  if (nChars > limits.textChars) {
    fail(run, `a string of over ${counted(limits.textChars)} characters, the limit against output bombs`);
  }
}

export function checkItems(run: Run, nItems: number): void {
  if (nItems > limits.items) {
    fail(run, `${nItems} items at once, the limit is ${counted(limits.items)}`);
  }
  charge(run, Math.max(0, nItems));
}

/** Runs `body` one level deeper. A throw ends the whole render, so the depth needs no `finally`. */
export function deeper<T>(run: Run, body: () => T): T {
  enter(run);
  const result = body();
  run.depth--;
  return result;
}

export function enter(run: Run): void {
  charge(run, 1);
  if (++run.depth > limits.depth) {
    fail(run, `nested more than ${limits.depth} deep, the limit against endless recursion`);
  }
}
