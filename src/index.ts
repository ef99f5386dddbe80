/// <reference lib="esnext.disposable" preserve="true" />
/** The public API and nothing else. */
export type { PromptLike } from './api/arguments.ts';
export { Model } from './api/model.ts';
export { ModelSession } from './api/model_session.ts';
export { openModel } from './api/open_model.ts';
export { modelStore } from './api/sources.ts';
export { Chat } from './api/chat.ts';
export { checkFit, probeDevice } from './api/fit_on_demand.ts';
export type {
  AdapterSource,
  CallOptions,
  ChatOptions,
  CheckFitOptions,
  ColumnSumsOptions,
  Continuation,
  OpenModelOptions,
  ProbeDeviceOptions,
  ResumeCallOptions,
  ResumeChatOptions,
  SaveSessionOptions,
  EmbedOptions,
  Ranked,
  RankOptions,
  ScoreOptions,
  Schemed,
  SendOptions,
  Split,
  StandardIssue,
  StandardResult,
  StandardSchema,
  ValueOf,
  RunnableTool,
  ToolContext,
  ToolSet,
} from './api/option_types.ts';
export type { AnswerPart, CallPart, SaidPart } from './chat/parts.ts';
export type { MadeCall } from './chat/tools/done_calls.ts';
export type { ToolChoice } from './chat/tools/tool.ts';
export type { Mark, PartType, Thoughts } from './chat/thoughts.ts';
export type { ChatDocument, ChatMessage, Conversation, ToolCall, ToolDefinition } from './chat/conversation.ts';
export type { ColumnSums } from './base/column_sums.ts';
export { FormatError, ResourceError, UnsupportedError } from './base/errors.ts';
export type {
  ConstraintOptions,
  GenerateOptions,
  GenerateResult,
  ScoredToken,
  Speculation,
  StopReason,
  PagingTimings,
  Timings,
  ToolOptions,
  ToolRun,
} from './protocol/generation.ts';
export type {
  DeviceSpeed,
  Fit,
  FitModel,
  FitNeeds,
  FitOptions,
  FitRemedy,
  FitVerdict,
  MatVecSpeed,
  PagedFit,
  StepSpeed,
} from './protocol/fit.ts';
export type { EmbedPooling } from './protocol/messages.ts';
export type { Generation, Valued } from './api/generation.ts';
export type { AdapterInfo, AdapterOpening, AdapterUse } from './protocol/adapters.ts';
export type {
  BackendName,
  ConversationPrompt,
  LoadProgress,
  ModelInfo,
  OpenOptions,
  Prompt,
  TextPrompt,
} from './protocol/open.ts';
export type { DownloadProgress, DownloadState } from './platform/receiving.ts';
export type { ModelStore, ModelStoreOptions } from './store/model_store.ts';
export type { Download } from './store/running_download.ts';
export type {
  ChunkHashes,
  DownloadOptions,
  DownloadSource,
  Expected,
  HfSource,
  ImportOptions,
  StoredFile,
  StoredModel,
  StoredSource,
  StoreProgress,
  StoreUsage,
  UrlSource,
} from './store/types.ts';
export type {
  GpuFeature,
  GpuFit,
  GpuInfo,
  GpuObject,
  GpuReport,
  KernelCandidate,
  KernelCheck,
  KernelChoice,
} from './platform/gpu.ts';
export type { BytesSource, ModelSource } from './platform/platform.ts';
export { checkSamplerOptions, type SamplerOptions } from './sampling/options.ts';
export { openTokenizer, type Tokenizer } from './api/open_tokenizer.ts';
