/** Another chat template, and what a template may ask for besides messages. */
import { readFileSync } from 'node:fs';
import { UsageError, type Arguments, type OptionTable } from './command.ts';

export const templateOption = {
  'chat-template': {
    value: 'FILE',
    rare: true,
    help: "a chat template in place of the model's: a file of Jinja, or chatml",
  },
  'template-vars': {
    value: 'JSON',
    rare: true,
    help: `variables for the chat template, such as {"enable_thinking":false}`,
  },
} as const satisfies OptionTable;

/** The text of the file that is named, or the name of a format as it is. */
export function readChatTemplate(args: Arguments): string | undefined {
  const given = args.text('chat-template');
  if (given === undefined || given === 'chatml') return given;
  try {
    return readFileSync(given, 'utf8');
  } catch (error) {
    const came = `--chat-template is ${JSON.stringify(given)}, which cannot be read (${(error as Error).message})`;
    throw new UsageError(`${came}; give a file that holds a Jinja template, or chatml`);
  }
}

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
