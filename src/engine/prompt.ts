import { hasTools, type Conversation } from '../chat/conversation.ts';
import type { ChatTemplate } from '../chat/template.ts';
import type { Telling } from '../chat/tools/told.ts';
import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { Prompt } from '../protocol/open.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** Why a model cannot chat: no template, or one that is damaged or asks for what this build cannot do. */
export type NoChat = UnsupportedError | FormatError;

export const isNoChat = (thing: unknown): thing is NoChat =>
  thing instanceof UnsupportedError || thing instanceof FormatError;

/** Whether a prompt speaks of tools. */
export const speaksOfTools = (prompt: Prompt): boolean =>
  typeof prompt === 'object' && 'messages' in prompt && hasTools(prompt);

/**
 * The tokens of a prompt. @param telling how the model is told of tools; loaded before the first prompt that speaks of some
 * @throws UnsupportedError for a conversation where the model has no chat template.
 */
export function encodePrompt(
  prompt: Prompt,
  tokenizer: Tokenizer,
  template: ChatTemplate | NoChat,
  telling?: Telling,
): number[] {
  if (typeof prompt === 'string') return tokenizer.encode(prompt, { bos: tokenizer.addBos });
  if (isTokens(prompt)) return [...prompt];
  if ('text' in prompt) {
    const { text, ...options } = prompt;
    return tokenizer.encode(text, options);
  }
  if (isNoChat(template)) throw template;
  template.checkRoles(prompt.messages);
  const piece = (token: number | undefined) => (token === undefined ? '' : tokenizer.piece(token));
  const rendered = (conversation: Conversation) =>
    template.renderSegments({
      ...conversation,
      addGenerationPrompt: true,
      bosToken: piece(tokenizer.bosToken),
      eosToken: piece(tokenizer.eosToken),
    });
  const segments = telling && hasTools(prompt) ? telling.segments(prompt, rendered) : rendered(prompt);
  const tokens = tokenizer.encodeSegments(segments, prompt);
  const { addBos, bosToken } = tokenizer;
  if (addBos && bosToken !== undefined && tokens[0] !== bosToken) tokens.unshift(bosToken);
  return tokens;
}

/** @throws RangeError for tokens that a session cannot read. */
export function checkPrompt(
  prompt: ArrayLike<number>,
  { nVocab, nCtx }: { readonly nVocab: number; readonly nCtx: number },
): void {
  if (prompt.length === 0) throw new RangeError('the prompt is empty; give at least one token');
  for (let i = 0; i < prompt.length; i++) {
    const token = prompt[i]!;
    if (Number.isInteger(token) && token >= 0 && token < nVocab) continue;
    throw new RangeError(`token ${i} of the prompt is ${token}, expected 0 to ${nVocab - 1}`);
  }
  if (prompt.length > nCtx) {
    const came = `the prompt has ${prompt.length} tokens, the context ${nCtx}`;
    throw new RangeError(`${came}; shorten it, or open the model with a larger nCtx`);
  }
}

const isTokens = (prompt: Prompt): prompt is readonly number[] => Array.isArray(prompt);

/** What makes templates: it comes while weights are read, or with the script. */
type Templates = Pick<typeof import('../chat/template.ts'), 'chatTemplateFor'>;

/**
 * The chat template that was given, or the file's, or why there can be no chat: a file's template that is at fault stops nothing else.
 * @throws FormatError, UnsupportedError, TypeError for one that was given.
 */
export function openTemplate(
  { chatTemplateFor }: Templates,
  file: GgufFile,
  hasToken: (piece: string) => boolean,
  given: string | undefined,
): ChatTemplate | NoChat {
  if (given !== undefined) return chatTemplateFor({ given });
  try {
    return chatTemplateFor({ own: file.metadata.string('tokenizer.chat_template', undefined), hasToken });
  } catch (error) {
    if (isNoChat(error)) return error;
    throw error;
  }
}
