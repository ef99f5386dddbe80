import { FormatError } from '../base/errors.ts';
import { TextIndex } from '../base/texts.ts';
import { chatTemplateFor } from '../chat/template.ts';
import type { GgufFile } from '../gguf/read.ts';
import { isNoChat, openTemplate } from './prompt.ts';

/** What is odd about a model file and does not keep it from running. */
export function warningsOf(file: GgufFile): string[] {
  return [...tokensOutside(file), ...templateFaults(file)];
}

/** Keys of special tokens that the vocabulary does not have; readers go on as if such a key were not there. */
function tokensOutside({ metadata }: GgufFile): string[] {
  const pieces = metadata.get('tokenizer.ggml.tokens');
  if (pieces?.type !== 'array') return [];
  const nVocab = pieces.value.length;
  return [...metadata.entries()]
    .filter(([key]) => /^tokenizer\.ggml\.\w+_token_id$/.test(key))
    .flatMap(([key, { value }]) => {
      const isNone = value === 0xffffffff || value === -1;
      if (isNone || typeof value !== 'number' || (value >= 0 && value < nVocab)) return [];
      return [`${key} is ${value}, the vocabulary has ${nVocab} tokens: ignored`];
    });
}

function templateFaults(file: GgufFile): string[] {
  if (!file.metadata.has('tokenizer.chat_template')) return [];
  try {
    const pieces = new TextIndex(file.metadata.texts('tokenizer.ggml.tokens'));
    const template = openTemplate({ chatTemplateFor }, file, (piece) => pieces.get(piece) !== undefined, undefined);
    return isNoChat(template) ? [template.message] : [];
  } catch (error) {
    if (error instanceof FormatError || isNoChat(error)) return []; // the tokenizer is at fault: the model does not open
    throw error;
  }
}
