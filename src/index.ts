/** The public API and nothing else. */
export { openModel, Model, ModelSession, type CallOptions, type OpenModelOptions } from './model.ts';
export { Chat, type ChatOptions } from './conversation.ts';
export type { ChatMessage, ToolCall, ToolDefinition } from './chat/template.ts';
export { FormatError, ResourceError, UnsupportedError } from './errors.ts';
export type { GenerateOptions, GenerateResult, ScoredToken, Speculation, StopReason, Timings } from './generation.ts';
export type { Generation } from './generation_stream.ts';
export type { LoadProgress, ModelInfo, OpenOptions, Prompt } from './open_model.ts';
export type { ModelSource } from './platform/platform.ts';
export type { SamplerOptions } from './sampling/options.ts';
export { openTokenizer, type Tokenizer } from './open_tokenizer.ts';
