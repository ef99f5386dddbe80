import type { Grammar } from '../grammar.ts';
import { grammarOf, spaces } from './emit.ts';
import { contextOf } from './evaluate.ts';
import { jsonOf } from './json.ts';

export interface SchemaOptions {
  readonly space?: keyof typeof spaces;
  /** Whether objects of named properties have others where the schema says nothing of these; `named`: all texts without are still valid. */
  readonly members?: 'any' | 'named';
}

export function grammarOfSchema(schema: unknown, { space = 'free', members = 'any' }: SchemaOptions = {}): Grammar {
  const { context, start } = contextOf(jsonOf(schema));
  return grammarOf(context, start, { ...spaces[space], isNamedOnly: members === 'named' });
}
