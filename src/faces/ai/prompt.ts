/** The AI SDK's prompts as conversations. */
import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ToolResultOutput,
  SharedV4Warning,
} from '@ai-sdk/provider';
import { UnsupportedError } from '../../base/errors.ts';
import type { ChatMessage, ToolCall } from '../../chat/conversation.ts';

type Part = Exclude<LanguageModelV4Message['content'], string>[number];

/** @throws UnsupportedError for files that are no text. */
export function messagesOf(prompt: LanguageModelV4Prompt, warnings: SharedV4Warning[]): ChatMessage[] {
  return prompt.flatMap((message): ChatMessage[] => {
    if (message.role === 'system') return [{ role: 'system', content: message.content }];
    if (message.role === 'user') return [{ role: 'user', content: message.content.map(textOf).join('') }];
    return message.role === 'assistant'
      ? [assistantOf(message.content, warnings)]
      : resultsOf(message.content, warnings);
  });
}

function textOf(part: Part): string {
  if (part.type === 'text') return part.text;
  if (part.type === 'file') return fileText(part);
  return '';
}

/** A file of text is text; there is nothing that looks at others. */
function fileText({ data, mediaType, filename }: LanguageModelV4FilePart): string {
  if (data.type === 'text') return data.text;
  if (data.type === 'data' && /^text(\/|$)|^application\/json$/.test(mediaType))
    return typeof data.data === 'string' ? decoded(fromBase64(data.data)) : decoded(data.data);
  const name = filename === undefined ? 'a file' : `the file ${filename}`;
  throw new UnsupportedError(
    `the prompt has ${name} of type ${mediaType}; thimble reads text alone: leave it out, or say it in words`,
  );
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Parts of an answer that a template knows nothing of. */
const passedOver = (type: string, warnings: SharedV4Warning[]): void =>
  void warnings.push({
    type: 'unsupported',
    feature: `${type} in an assistant message`,
    details: 'it is left out of the prompt',
  });

function assistantOf(parts: readonly Part[], warnings: SharedV4Warning[]): ChatMessage {
  let content = '';
  let thought = '';
  const toolCalls: ToolCall[] = [];
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'file') content += textOf(part);
    else if (part.type === 'reasoning') thought += part.text;
    else if (part.type === 'tool-call')
      toolCalls.push({ id: part.toolCallId, name: part.toolName, arguments: argumentsOf(part.input) });
    else passedOver(part.type, warnings);
  }
  return {
    role: 'assistant',
    content,
    ...(thought !== '' && { reasoningContent: thought }),
    ...(toolCalls.length > 0 && { toolCalls }),
  };
}

const argumentsOf = (input: unknown): ToolCall['arguments'] =>
  typeof input === 'string' ? input : ((input ?? {}) as Record<string, unknown>);

function resultsOf(parts: readonly Part[], warnings: SharedV4Warning[]): ChatMessage[] {
  return parts.flatMap((part): ChatMessage[] => {
    if (part.type === 'tool-result')
      return [{ role: 'tool', toolCallId: part.toolCallId, name: part.toolName, content: outputText(part.output) }];
    passedOver(part.type, warnings);
    return [];
  });
}

/** What a tool said, for the model to read. @throws UnsupportedError for content that is no text. */
function outputText(output: LanguageModelV4ToolResultOutput): string {
  switch (output.type) {
    case 'text':
    case 'error-text':
      return output.value;
    case 'json':
    case 'error-json':
      return JSON.stringify(output.value);
    case 'execution-denied':
      return output.reason ?? 'The user did not allow this call.';
    case 'content':
      return output.value
        .map((part) => {
          if (part.type === 'text') return part.text;
          if (part.type === 'file') return fileText({ ...part, type: 'file' });
          throw new UnsupportedError('a tool returned custom content; thimble reads text alone');
        })
        .join('');
  }
}
