/** The public API and nothing else. */
export type { PromptLike } from './api/arguments.ts';
export { Model } from './api/model.ts';
export { ModelSession, type CallOptions, type ResumeCallOptions } from './api/model_session.ts';
export { openModel, type OpenModelOptions } from './api/open_model.ts';
export { Chat, type ChatOptions } from './api/chat.ts';
export type { ChatMessage, ToolCall, ToolDefinition } from './chat/template.ts';
export { FormatError, ResourceError, UnsupportedError } from './base/errors.ts';
export type {
  GenerateOptions,
  GenerateResult,
  ScoredToken,
  Speculation,
  StopReason,
  Timings,
} from './protocol/generation.ts';
export type { Generation } from './api/generation.ts';
export type { LoadProgress, ModelInfo, OpenOptions, Prompt } from './protocol/open.ts';
export type { ModelSource } from './platform/platform.ts';
export { checkSamplerOptions, type SamplerOptions } from './sampling/options.ts';
export { openTokenizer, type Tokenizer } from './api/open_tokenizer.ts';
