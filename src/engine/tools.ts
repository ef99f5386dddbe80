import type { MarkedText } from '../chat/parts.ts';
import type { ChatTemplate } from '../chat/template.ts';
import { wayOf } from '../chat/tools/formats.ts';
import { Telling } from '../chat/tools/told.ts';
import { toolChoiceOf, toolsOf, type CallsOptions } from '../chat/tools/tool.ts';
import type { GenerateOptions, ToolOptions } from '../protocol/generation.ts';
import type { Prompt } from '../protocol/open.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { textBefore, type Marks } from './marks.ts';

/** The parts of a model that its tools need. */
interface Speaking {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
}

/** How a model is told of tools. */
export const tellingOf = ({ tokenizer, template }: Speaking): Telling =>
  new Telling(template, (piece) => tokenizer.addedTokenOf(piece) !== undefined);

/**
 * The options of an answer: what it is held to where its prompt has tools.
 * @throws TypeError, RangeError for tools that are none, and for a choice among others
 */
export function withCalls(
  prompt: Prompt,
  { toolChoice, parallelToolCalls, schema, ...options }: GenerateOptions & ToolOptions,
  { tokenizer, template, telling }: Speaking & { readonly telling: Telling },
): GenerateOptions {
  const tools = typeof prompt === 'object' && 'messages' in prompt ? (prompt.tools ?? []) : [];
  const choice = toolChoiceOf(toolChoice, toolsOf(tools));
  if (tools.length === 0) return { ...options, ...(schema !== undefined && { schema }) };
  const { format } = telling;
  const way = wayOf(format, (piece) => tokenizer.addedTokenOf(piece) !== undefined);
  const isSingle = parallelToolCalls === false || format.isSingle === true;
  const free = freeTokens({ tokenizer, template }, way.tokens);
  return { ...options, calls: { ...way, tools, choice, isSingle, free, schema } };
}

/** Of the templates that spoke of tools: going through a vocabulary takes a while. */
const known = new WeakMap<ChatTemplate, readonly number[]>();

/** Control tokens that the template speaks of, but for those that calls are made of: its format says which. */
function freeTokens({ tokenizer, template }: Speaking, ofCalls: readonly string[]): readonly number[] {
  const before = known.get(template);
  if (before) return before;
  const free: number[] = [];
  for (let token = 0; token < tokenizer.nVocab; token++) {
    if (!tokenizer.isControl(token) || tokenizer.isEndOfGeneration(token)) continue;
    const piece = tokenizer.piece(token);
    if (template.source.includes(piece) && !ofCalls.includes(piece)) free.push(token);
  }
  known.set(template, free);
  return free;
}

/** What an answer that goes on has said, for whoever tells its calls apart. */
export function saidOf(
  { calls, tokens }: { readonly calls: CallsOptions; readonly tokens: readonly number[] },
  { tokenizer, marks }: { readonly tokenizer: Tokenizer; readonly marks: Marks | undefined },
): MarkedText {
  const ofCalls = calls.tokens.map((piece) => tokenizer.addedTokenOf(piece)!);
  return textBefore(tokens, tokenizer, new Set([...(marks?.tokens ?? []), ...ofCalls]));
}
