import { parseArgs, type ParseArgsConfig } from 'node:util';

/** One command-line option: with `value` it takes a text, without it is a switch. */
export interface OptionSpec {
  readonly help: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly default?: string;
}

type Values<S extends Record<string, OptionSpec>> = {
  readonly [K in keyof S]: S[K] extends { value: string }
    ? S[K] extends { default: string }
      ? string
      : string | undefined
    : boolean;
};

/** Reads the command line; `--help` prints it and ends the process, a mistake does so with status 2. */
export function readOptions<const S extends Record<string, OptionSpec>>(
  usage: string,
  specs: S,
): { options: Values<S>; positionals: string[] } {
  const config = Object.entries(specs).map(([name, { value, default: byDefault }]) => [
    name,
    value === undefined ? { type: 'boolean', default: false } : { type: 'string', default: byDefault },
  ]);
  const options: ParseArgsConfig['options'] = { ...Object.fromEntries(config), help: { type: 'boolean' } };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (!('help' in values)) return { options: values as Values<S>, positionals };
    console.log(help(usage, specs));
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help(usage, specs)}`);
    process.exit(2);
  }
}

function help(usage: string, specs: Record<string, OptionSpec>): string {
  const names = Object.entries(specs).map(([name, { value }]) => `--${name}${value ? ` ${value}` : ''}`);
  const width = Math.max(...names.map((name) => name.length));
  const lines = Object.values(specs).map(({ help, default: byDefault }, i) => {
    return `  ${names[i]!.padEnd(width)}  ${help}${byDefault ? ` (default ${byDefault})` : ''}`;
  });
  return [usage, '', ...lines].join('\n');
}

/** A whole number of at least 1. */
export function count(name: string, text: string): number {
  const n = Number(text);
  if (Number.isInteger(n) && n >= 1) return n;
  throw new RangeError(`--${name} is ${JSON.stringify(text)}, expected a whole number of at least 1`);
}

export const counts = (name: string, text: string): number[] => text.split(',').map((part) => count(name, part));

/** One of some words. */
export function oneOf<const T extends string>(name: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new RangeError(`--${name} has ${JSON.stringify(text)}, expected ${words.join(' or ')}`);
}
