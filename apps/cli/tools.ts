/** Tools that the model may call: their calls are printed, and not run. */
import { readFileSync } from 'node:fs';
import type { AnswerPart, SaidPart, ToolDefinition } from '../../src/index.ts';
import { UsageError, type Arguments, type OptionTable } from './command.ts';

export const toolsOption = {
  tools: {
    value: 'FILE',
    help: 'tools that the model may call, a JSON list as OpenAI has it; calls are printed, not run',
  },
} as const satisfies OptionTable;

/** The definitions in the file; the library says whether they are some. */
export function readTools(args: Arguments): readonly ToolDefinition[] | undefined {
  const path = args.text('tools');
  if (path === undefined) return undefined;
  try {
    const tools: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (Array.isArray(tools)) return tools as ToolDefinition[];
  } catch (error) {
    throw new UsageError(`--tools is ${JSON.stringify(path)}, which is no JSON file: ${(error as Error).message}`);
  }
  const form = '[{ "type": "function", "function": { "name", "description", "parameters" } }]';
  throw new UsageError(`the file of --tools holds no list, expected ${form}`);
}

/** A call on one line. */
export const callAsText = (name: string, json: string): string => `${name}(${json})`;

/** Calls as lines of text, each where it is whole. */
export async function* callsAsText(answer: AsyncIterable<AnswerPart>): AsyncGenerator<SaidPart> {
  let call: { readonly name: string; json: string } | undefined;
  let isFirst = true;
  const told = (): SaidPart[] => {
    if (!call) return [];
    const { name, json } = call;
    call = undefined;
    const text = `${isFirst ? '' : '\n\n'}\`${callAsText(name, json)}\``;
    isFirst = false;
    return [{ type: 'text', text }];
  };
  for await (const part of answer) {
    if (part.type === 'tool_call') {
      if (part.name !== undefined) {
        yield* told();
        call = { name: part.name, json: '' };
      }
      if (call) call.json += part.arguments;
      continue;
    }
    yield* told();
    yield part;
    isFirst = false;
  }
  yield* told();
}
