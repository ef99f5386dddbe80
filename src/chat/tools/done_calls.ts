import type { ToolCall } from '../conversation.ts';
import type { AnswerPart } from '../parts.ts';
import { parsed } from './json_text.ts';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A call that an answer makes. Arguments that are no JSON object are the text that the model wrote. */
export type MadeCall = ToolCall & { readonly id: string };

/**
 * The calls of an answer by its parts.
 * @param isWhole the model ended the answer itself; of another one the last call is left out if it was cut off
 */
export function callsOf(parts: readonly AnswerPart[], isWhole: boolean): MadeCall[] {
  const calls: { id: string; name: string; json: string }[] = [];
  for (const part of parts) {
    if (part.type !== 'tool_call') continue;
    if (part.name !== undefined) calls.push({ id: part.id, name: part.name, json: '' });
    const call = calls.at(-1); // none: the rest of a call that was whole before
    if (call) call.json += part.arguments;
  }
  return calls.flatMap(({ id, name, json }, i): MadeCall[] => {
    const value = parsed(json);
    if (isObject(value)) return [{ id, name, arguments: value }];
    return isWhole || i < calls.length - 1 ? [{ id, name, arguments: json }] : [];
  });
}
