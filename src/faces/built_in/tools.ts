/** Functions that a LanguageModel may call while it answers. */
import type { ToolDefinition } from '../../chat/conversation.ts';

export interface LanguageModelTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
  readonly execute: (...args: never[]) => Promise<string>;
}

export interface Tools {
  /** As templates take them. */
  readonly definitions: readonly ToolDefinition[];
  /** Calls one. What it throws, the model is told. */
  call(name: string, args: unknown): Promise<string>;
}

/** @throws TypeError for a tool that cannot be called, and what reading its schema throws. */
export function toolsOf(given: readonly LanguageModelTool[] | undefined): Tools | undefined {
  const tools = Array.from(given ?? []);
  if (tools.length === 0) return undefined;
  const byName = new Map<string, LanguageModelTool>();
  for (const tool of tools) {
    if (byName.has(tool.name)) throw new TypeError(`there are two tools ${JSON.stringify(tool.name)}`);
    byName.set(tool.name, checked(tool));
  }
  const definitions = tools.map(({ name, description, inputSchema }) => ({
    type: 'function',
    function: { name, description, parameters: JSON.parse(JSON.stringify(inputSchema)) as object },
  }));
  return {
    definitions,
    async call(name, args) {
      const tool = byName.get(name);
      if (!tool) return `There is no tool ${name}.`;
      try {
        return String(await tool.execute(args as never));
      } catch (error) {
        return `The tool failed: ${error instanceof Error ? error.message : String(error)}`;
      }
    },
  };
}

function checked(tool: LanguageModelTool): LanguageModelTool {
  const { name, description, inputSchema, execute } = tool;
  const which = `tool ${JSON.stringify(name)}`;
  if (typeof name !== 'string' || name === '') throw new TypeError('a tool has no name');
  if (typeof description !== 'string' || description === '') throw new TypeError(`${which} has no description`);
  if (typeof execute !== 'function') throw new TypeError(`${which} has no function execute`);
  if (typeof inputSchema !== 'object' || inputSchema === null)
    throw new TypeError(`${which} has no inputSchema, an object`);
  const { type, properties, required } = inputSchema as Readonly<Record<string, unknown>>;
  if (type !== 'object')
    throw new TypeError(`the inputSchema of ${which} is of type ${JSON.stringify(type)}, expected 'object'`);
  if (properties !== undefined && (typeof properties !== 'object' || properties === null))
    throw new TypeError(`properties of the inputSchema of ${which} are no object`);
  if (required !== undefined && !Array.isArray(required))
    throw new TypeError(`required of the inputSchema of ${which} is no list`);
  return tool;
}
