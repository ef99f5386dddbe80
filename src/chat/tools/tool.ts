import type { ToolDefinition } from '../conversation.ts';
import type { ToolWay } from './format.ts';

/** A function that a model may call. */
export interface Tool {
  readonly name: string;
  readonly description: string | undefined;
  /** What its arguments may be, as JSON Schema; undefined where that is not said: any object. */
  readonly schema: unknown;
  /** Its arguments are held to the schema. False: to any object. */
  readonly isStrict: boolean;
}

/** What formats can spell: no white space, no quotes, no brackets. */
export const isName = /^[\p{L}\p{N}_][\p{L}\p{N}_.:/-]{0,127}$/u;

const form = "{ type: 'function', function: { name, description, parameters } }";

/** Definitions as OpenAI has them; the function by itself will do. @throws TypeError, RangeError for what is none */
export function toolsOf(definitions: readonly ToolDefinition[]): Tool[] {
  const tools = definitions.map(toolOf);
  const names = new Set<string>();
  for (const { name } of tools) {
    if (names.has(name)) throw new RangeError(`tools has ${name} twice; give each tool a name of its own`);
    names.add(name);
  }
  return tools;
}

function toolOf(definition: ToolDefinition, i: number): Tool {
  const inner = definition.function ?? definition;
  if (typeof inner !== 'object' || inner === null) throw new TypeError(`tools[${i}] has no function, expected ${form}`);
  const { name, description, parameters, strict } = inner as Record<string, unknown>;
  if (typeof name !== 'string') throw new TypeError(`tools[${i}] has no name, expected ${form}`);
  if (!isName.test(name))
    throw new RangeError(
      `tools[${i}] is named ${JSON.stringify(name.slice(0, 140))}; a name has 1 to 128 letters, digits and _ . : / -, the first a letter, digit or _`,
    );
  return {
    name,
    description: typeof description === 'string' ? description : undefined,
    schema: parameters ?? undefined,
    isStrict: strict !== false,
  };
}

/** Whether a model may call tools, must, or must call a certain one. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** @throws TypeError for another word, RangeError for a tool that is not there */
export function toolChoiceOf(choice: unknown, tools: readonly Tool[]): ToolChoice {
  if (choice === undefined || choice === null) return 'auto';
  if (choice === 'required' && tools.length === 0)
    throw new RangeError("toolChoice is 'required', but the prompt has no tools; give some: { messages, tools }");
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const name = (choice as { name?: unknown }).name;
  if (typeof name !== 'string')
    throw new TypeError(`toolChoice is ${JSON.stringify(choice)}, expected 'auto', 'none', 'required' or { name }`);
  if (!tools.some((tool) => tool.name === name))
    throw new RangeError(
      `toolChoice names ${name}; there are ${tools.map((tool) => tool.name).join(', ') || 'no tools'}`,
    );
  return { name };
}

/** Which calls an answer may make. Plain data, with which an answer goes on as well. */
export interface CallsOptions extends ToolWay {
  readonly tools: readonly ToolDefinition[];
  readonly choice: ToolChoice;
  /** One call at most. */
  readonly isSingle: boolean;
  /** Control tokens that may stand in the text. */
  readonly free: readonly number[];
  /** What the text is held to, where it is: a schema. */
  readonly schema?: object | boolean | undefined;
}
