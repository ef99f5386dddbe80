/** What answers are held to. */
import { readFileSync } from 'node:fs';
import type { ConstraintOptions } from '../../src/index.ts';
import { UsageError, type Arguments, type OptionTable } from './command.ts';

export const constraintOptions = {
  schema: { value: 'FILE', help: 'every answer is JSON that the JSON Schema in this file allows' },
  grammar: { value: 'FILE', help: "every answer is of the grammar in this file, in llama.cpp's GBNF" },
} as const satisfies OptionTable;

/** Whether answers are held to something. */
export const isHeld = (args: Arguments): boolean =>
  Object.keys(constraintOptions).some((name) => args.text(name) !== undefined);

/** The files' texts; the library says whether they can be held to. */
export function readConstraint(args: Arguments): ConstraintOptions {
  const [schema, grammar] = (['schema', 'grammar'] as const).map((name) => textOf(name, args.text(name)));
  if (schema !== undefined && grammar !== undefined)
    throw new UsageError('--schema and --grammar both say what an answer looks like; leave one of them out');
  if (grammar !== undefined) return { grammar };
  return schema === undefined ? {} : { schema: parsed(schema) };
}

function textOf(name: keyof ConstraintOptions, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const hint = /^\s*[[{]/.test(path) ? ': it takes the path of a file' : '';
    throw new UsageError(
      `--${name} is ${JSON.stringify(path)}, which cannot be read (${(error as Error).message})${hint}`,
    );
  }
}

function parsed(text: string): object | boolean {
  try {
    const schema: unknown = JSON.parse(text);
    if (typeof schema === 'boolean' || (typeof schema === 'object' && schema !== null)) return schema;
  } catch (error) {
    throw new UsageError(`the file of --schema is no JSON: ${(error as Error).message}`);
  }
  throw new UsageError('the file of --schema holds no JSON Schema, expected an object');
}
