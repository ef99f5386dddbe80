import type { Grammar } from '../grammar.ts';
import { grammarOf, spaces } from './emit.ts';
import { contextOf } from './evaluate.ts';
import { jsonOf } from './json.ts';

export interface SchemaOptions {
  readonly space?: keyof typeof spaces;
}

export function grammarOfSchema(schema: unknown, { space = 'free' }: SchemaOptions = {}): Grammar {
  const { context, start } = contextOf(jsonOf(schema));
  return grammarOf(context, start, spaces[space]);
}
