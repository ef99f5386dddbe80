/** What a command is, and how its arguments are read. Everything the help shows stands in these tables. */
import { parseArgs } from 'node:util';
import { fileWords, modelWords, optionAliases, optionAnswers } from './words.ts';

/** One option. With `value` it takes one, and this is its name in the help; without, it is a switch. */
export interface OptionSpec {
  readonly help: string;
  readonly value?: string;
  readonly short?: string;
  /** May be given several times. */
  readonly many?: true;
  /** Shown by `--help --all` only. */
  readonly rare?: true;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

export interface Command {
  readonly summary: string;
  /** After the command's name, options left out: `MODEL --out FILE`. */
  readonly usage: string;
  /** Details beyond the summary: paragraphs, which flow, and lines that begin with spaces, which do not. */
  readonly about?: string;
  /** How many arguments there must and may be. */
  readonly positionals: readonly [min: number, max: number];
  readonly options: OptionTable;
  /** Command lines that run as they stand, and what they do. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** How long it may take to end when it is told to, in milliseconds. Default: a few seconds. */
  readonly cleanUpMs?: number;
  /** `signal` aborts at Ctrl-C, unless a listener of `onInterrupt` handles it. */
  run(args: Arguments, signal: AbortSignal, onInterrupt: OnInterrupt): Promise<void>;
}

/** Has Ctrl-C call `listener` first: where it returns true, the program goes on. */
export type OnInterrupt = (listener: (() => boolean) | undefined) => void;

/** How the program ends; `interrupted` is what shells expect after Ctrl-C, and so on. */
export const exitCodes = { done: 0, failed: 1, usage: 2, hungUp: 129, interrupted: 130, terminated: 143 } as const;

/** The command line is wrong: exit code 2, and where to read on. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Every command has these. */
export const commonOptions = {
  help: { short: 'h', help: 'this page' },
  all: { help: 'with --help: rarely used options, too' },
  debug: { help: 'show where an error came from (THIMBLE_DEBUG=1 does the same)' },
} as const satisfies OptionTable;

interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
}

/** Parsed arguments. Reading a number checks it; a missing option is undefined. */
export interface Arguments {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  number(name: string): number | undefined;
  /** A whole number, also as `8k`. */
  count(name: string, limits?: NumberLimits): number | undefined;
  /** Whole numbers with commas between. */
  counts(name: string, limits?: NumberLimits): readonly number[] | undefined;
  /** One of these words, in capitals or not. */
  choice<T extends string>(name: string, words: readonly T[]): T | undefined;
}

/** @throws UsageError for options that the table does not have, and arguments that `usage` does not name. */
export function parseArguments(
  argv: readonly string[],
  table: OptionTable,
  { usage, positionals: [min, max] }: Pick<Command, 'usage' | 'positionals'>,
) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { value, short, many = false }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: many,
        ...(short && { short }),
      },
    ]),
  );
  const names: readonly string[] = usage.match(/[A-Z][A-Z_]+/g) ?? [];
  const { values, positionals } = translated(() =>
    parseArgs({ args: joinValues(argv, table, names.slice(0, max)), options, allowPositionals: true, strict: true }),
  );
  if (positionals.length > max)
    throw new UsageError(`unexpected argument ${JSON.stringify(positionals[max])}, expected ${usage}`);
  if (positionals.length < min && values['help'] !== true) {
    throw new UsageError(`an argument is missing: ${names[positionals.length]}`);
  }
  const empty = positionals.slice(0, Math.max(1, min)).indexOf('');
  if (empty >= 0) throw new UsageError(`${names[empty]} is empty, expected the path of a file`);
  return createArguments(positionals, values as Readonly<Record<string, OptionValue>>);
}

type OptionValue = string | boolean | readonly string[] | undefined;

function createArguments(positionals: readonly string[], values: Readonly<Record<string, OptionValue>>): Arguments {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  const number = (name: string): number | undefined => {
    const given = text(name);
    return given === undefined ? undefined : parseNumber(name, given);
  };
  const counts = (name: string, limits: NumberLimits = {}): number[] | undefined =>
    text(name)
      ?.split(',')
      .map((part) => checkCount(name, parseCount(name, part), limits));
  return {
    positionals,
    flag: (name) => values[name] === true,
    text,
    texts: (name) => (values[name] ?? []) as readonly string[],
    number,
    count(name, limits = {}) {
      const value = text(name);
      return value === undefined ? undefined : checkCount(name, parseCount(name, value), limits);
    },
    counts,
    choice(name, words) {
      const given = text(name);
      const found = words.find((word) => word === given?.toLowerCase());
      if (given === undefined || found !== undefined) return found;
      throw new UsageError(`--${name} is ${JSON.stringify(given)}, expected ${listed(words)}`);
    },
  };
}

/** `a, b or c`. */
const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

function parseNumber(name: string, text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}, expected a number`);
}

/** `8k` is 8192. */
function parseCount(name: string, text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([km])$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return parseNumber(name, text);
  return Number(digits) * 1024 ** (unit!.toLowerCase() === 'k' ? 1 : 2);
}

function checkCount(name: string, value: number, { min = 1, max = Number.MAX_SAFE_INTEGER }: NumberLimits): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const most = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`--${name} is ${value}, expected a whole number ${most}`);
}

/**
 * `--prompt TEXT` to `--prompt=TEXT`, so that a text may start with a dash. An option never counts as another one's value:
 * then the value was forgotten. What others call an option becomes its name here.
 */
function joinValues(argv: readonly string[], table: OptionTable, names: readonly string[]): string[] {
  const spelled = spellings(table);
  const joined: string[] = [];
  const models: string[] = [];
  const files: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === '--') return [...models, ...joined, ...files, ...argv.slice(i)];
    if (!/^--?[a-z]/i.test(arg)) {
      joined.push(arg);
      continue;
    }
    const { name, value: attached } = parseOption(arg, spelled);
    const takesModel = name === undefined && modelWords.includes(bare(arg));
    const takesFile = name === undefined && names.includes('FILE') && fileWords.includes(bare(arg));
    if (name === undefined && !takesModel && !takesFile) throw unknownOption(arg, table, [...spelled.keys()]);
    const { value: wanted } = name === undefined ? { value: takesModel ? 'MODEL' : 'FILE' } : table[name]!;
    if (wanted === undefined) {
      joined.push(attached === undefined ? `--${name}` : arg);
      continue;
    }
    const value = attached ?? argv[++i];
    if (value === undefined || (attached === undefined && spelled.has(value))) {
      throw new UsageError(`${arg} needs a value: ${arg} ${wanted}`);
    }
    if (takesModel) models.push(value);
    else if (takesFile) files.push(value);
    else joined.push(`--${name}=${value}`);
  }
  return [...models, ...joined, ...files];
}

/** Every way to write an option that the table has, and its name. */
function spellings(table: OptionTable): Map<string, string> {
  const spelled = new Map<string, string>();
  for (const [name, { short }] of Object.entries(table)) {
    spelled.set(`--${name}`, name);
    if (short) spelled.set(`-${short}`, name);
  }
  return spelled;
}

/** An option without dashes and value, underscores as dashes. */
const bare = (arg: string): string => arg.split('=')[0]!.replace(/^--?/, '').replaceAll('_', '-');

/** `--name`, `--name=value`, `-n`, `-n5`, switches run together (`-hx`), and other programs' words. */
function parseOption(
  arg: string,
  spelled: ReadonlyMap<string, string>,
): { readonly name?: string | undefined; readonly value?: string | undefined } {
  const [word = '', ...rest] = arg.split('=');
  const value = rest.length > 0 ? rest.join('=') : undefined;
  const known = spelled.get(word) ?? spelled.get(`--${bare(arg)}`);
  if (known !== undefined) return { name: known, value };
  const alias = [optionAliases.get(bare(arg)) ?? []].flat().find((name) => spelled.has(`--${name}`));
  if (alias !== undefined) return { name: alias, value };
  const short = optionAnswers.has(bare(arg)) || arg.startsWith('--') ? undefined : spelled.get(arg.slice(0, 2));
  return short === undefined ? { value } : { name: short, value: arg.slice(2) };
}

function unknownOption(arg: string, table: OptionTable, known: readonly string[]): UsageError {
  const [word = ''] = arg.split('=');
  const answer = optionAnswers.get(bare(arg));
  if (answer !== undefined) return new UsageError(`there is no option ${word}: ${answer}`);
  const near = suggestion(
    word,
    known.filter((name) => name.startsWith('--')),
  );
  const others = Object.keys(table).filter((name) => !(name in commonOptions));
  return new UsageError(`there is no option ${word}${near || (others.length === 0 ? '; this command has none' : '')}`);
}

/** parseArgs' own complaints are about the command line, too. */
function translated<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) {
      throw new UsageError(error.message.split('.')[0]!.replace(/^Unknown option '(.*)'/, 'there is no option $1'));
    }
    throw error;
  }
}

/** `; did you mean …?` where something is close, else nothing. */
export function suggestion(given: string, known: readonly string[]): string {
  const near = known
    .map((word) => ({ word, distance: word.startsWith(given) ? 0 : editDistance(given, word) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near && given !== '' && near.distance <= Math.ceil(given.length / 3) ? `; did you mean ${near.word}?` : '';
}

/** Levenshtein's, with two letters swapped as one step: letters to insert, delete, replace or swap. One row of the table at a time. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced, isSwapped ? before[j - 2]! + 1 : Infinity));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
