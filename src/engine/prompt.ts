import { chatTemplateFor, type ChatTemplate } from '../chat/template.ts';
import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { Prompt } from '../protocol/open.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** Why a model cannot chat: no template, or one that is damaged or asks for what this build cannot do. */
export type NoChat = UnsupportedError | FormatError;

export const isNoChat = (thing: unknown): thing is NoChat =>
  thing instanceof UnsupportedError || thing instanceof FormatError;

/** The tokens of a prompt. @throws UnsupportedError for a conversation where the model has no chat template. */
export function encodePrompt(prompt: Prompt, tokenizer: Tokenizer, template: ChatTemplate | NoChat): number[] {
  if (typeof prompt === 'string') return tokenizer.encode(prompt, { bos: tokenizer.addBos });
  if (isTokens(prompt)) return [...prompt];
  if ('text' in prompt) {
    const { text, ...options } = prompt;
    return tokenizer.encode(text, options);
  }
  if (isNoChat(template)) throw template;
  const piece = (token: number | undefined) => (token === undefined ? '' : tokenizer.piece(token));
  const segments = template.renderSegments({
    ...prompt,
    addGenerationPrompt: true,
    bosToken: piece(tokenizer.bosToken),
    eosToken: piece(tokenizer.eosToken),
  });
  const tokens = tokenizer.encodeSegments(segments, prompt);
  const { addBos, bosToken } = tokenizer;
  if (addBos && bosToken !== undefined && tokens[0] !== bosToken) tokens.unshift(bosToken);
  return tokens;
}

const isTokens = (prompt: Prompt): prompt is readonly number[] => Array.isArray(prompt);

/** The file's chat template, or why there can be no chat: a template at fault stops nothing else. */
export function openTemplate(file: GgufFile, tokenizer: Tokenizer): ChatTemplate | NoChat {
  try {
    return chatTemplateFor({
      template: file.metadata.string('tokenizer.chat_template', undefined),
      hasToken: (piece) => tokenizer.tokenOf(piece) !== undefined,
    });
  } catch (error) {
    if (isNoChat(error)) return error;
    throw error;
  }
}
