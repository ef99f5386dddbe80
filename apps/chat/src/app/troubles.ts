/** Errors in words for the reader: a title that says what happened, the engine's own sentence, and what can be done. */
import type { Trouble } from '../state/types.ts';
import { bytes } from './format.ts';

interface Row {
  readonly name: RegExp;
  readonly message: RegExp;
  readonly title: string;
  /** In place of the engine's advice, or of all it said, where that speaks to programmers. */
  readonly advice?: string;
  readonly text?: string;
  readonly remedy: Trouble['remedy'];
}

const anything = /(?:)/;

/** The first row that fits counts. */
const rows: readonly Row[] = [
  {
    name: /ResourceError/,
    message: /thread died|thread cannot start/i,
    title: 'The engine stopped',
    text: 'The browser ended it, most likely to free memory. What you wrote is kept. Try again; if it happens often, take a smaller model or a shorter context.',
    remedy: 'retry',
  },
  {
    name: /UnsupportedError|ResourceError/,
    message: /WebGPU|GPU/,
    title: 'The graphics chip cannot be used',
    advice: 'The processor can compute instead.',
    remedy: 'processor',
  },
  {
    name: /ResourceError|RangeError/,
    message: /memory|would not give|allocat|WebAssembly has/i,
    title: 'Not enough memory',
    advice: 'Close other tabs and apps, allow a shorter context in Settings, or take a smaller model.',
    remedy: 'context',
  },
  {
    name: anything,
    message: /quota|no (space|room)|storage is full|not enough (room|space)/i,
    title: 'No room left on this device',
    remedy: 'storage',
  },
  {
    name: /RangeError/,
    message: /context|nCtx|prompt (has|of)|positions/i,
    title: 'Too long for the context',
    text: 'This message, with what belongs to it, is longer than what the model can read at once. Shorten it, or allow a longer context in Settings.',
    remedy: 'context',
  },
  {
    name: /UnsupportedError/,
    message: /chat template/i,
    title: 'This model cannot chat',
    text: 'Its file holds no chat template: it continues texts, but it was not trained to answer. Choose a model whose name says “instruct”, “it” or “chat”.',
    remedy: 'models',
  },
  { name: /UnsupportedError/, message: anything, title: 'This model does not run here', remedy: 'models' },
  {
    name: /FormatError/,
    message: /GGUF|magic|begins with|no GGUF/i,
    title: 'This file is no model',
    remedy: 'models',
  },
  { name: /FormatError/, message: anything, title: 'The model file is damaged', remedy: 'models' },
  {
    name: anything,
    message: /fetch|network|answered \d|ended after|offline|connection|Load failed/i,
    title: 'The download did not come through',
    remedy: 'retry',
  },
  { name: /StorageError/, message: anything, title: 'Your chats cannot be stored', remedy: 'none' },
  { name: anything, message: anything, title: 'Something went wrong', remedy: 'retry' },
];

/** `ResourceError: the message`: how a message keeps its error. */
export function errorLine(thrown: unknown): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return `${error.name}: ${error.message}`;
}

/** The way back. */
export function errorFrom(line: string): Error {
  const [, name = 'Error', message = line] = /^(\w+): ([\s\S]*)$/.exec(line) ?? [];
  return Object.assign(new Error(message), { name });
}

/** An error, or the line that was kept of it. */
export function troubleOf(thrown: unknown): Trouble {
  const { name, message } = errorFrom(typeof thrown === 'string' ? thrown : errorLine(thrown));
  const row = rows.find((row) => row.name.test(name) && row.message.test(message))!;
  return {
    title: row.title,
    text: row.text ?? sentence(row.advice ? `${message.split(';')[0]}. ${row.advice}` : message),
    remedy: row.remedy,
  };
}

/** `147,154,560 bytes` → `147 MB`. */
const shortNumbers = (text: string): string =>
  text.replace(/(\d{1,3}(?:,\d{3}){2,})(?: bytes)?/g, (_, digits: string) => bytes(Number(digits.replaceAll(',', ''))));

/** Clauses become sentences; names of files and addresses stay as they are. */
const sentence = (text: string): string => {
  const clauses = shortNumbers(text)
    .trim()
    .split(/;\s*|(?<=[.!?])\s+/);
  const whole = clauses
    .map((clause) => (/^\p{Ll}+(?=[\s,]|$)/u.test(clause) ? clause[0]!.toUpperCase() + clause.slice(1) : clause))
    .map((clause) => (/[.!?]$/.test(clause) ? clause : `${clause}.`));
  return whole.join(' ');
};

export const isAbort = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === 'AbortError';

/** What a setting remedies. */
export const inSettings: ReadonlySet<Trouble['remedy']> = new Set(['context', 'processor']);
