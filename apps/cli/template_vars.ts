/** What a chat template may ask for besides messages. */
import { UsageError, type Arguments, type OptionTable } from './command.ts';

export const templateOption = {
  'template-vars': {
    value: 'JSON',
    rare: true,
    help: `variables for the chat template, such as {"enable_thinking":false}`,
  },
} as const satisfies OptionTable;

export function readTemplateVars(args: Arguments): Readonly<Record<string, unknown>> | undefined {
  const given = args.text('template-vars');
  if (given === undefined) return undefined;
  const vars = parsed(given);
  if (typeof vars === 'object' && vars !== null && !Array.isArray(vars)) return vars as Record<string, unknown>;
  const came = `--template-vars is ${JSON.stringify(given)}`;
  throw new UsageError(`${came}, expected a JSON object, such as '{"enable_thinking":false}'`);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
