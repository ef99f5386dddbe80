/** `thimble/built_in_ai`: the interfaces of browsers' built-in AI over a thimble model, in any browser and in Node. */
export { builtInAi, installBuiltInAi, type BuiltInAi } from './faces/built_in/built_in.ts';
export type { Availability, BuiltInAiOptions, CreateOptions } from './faces/built_in/source.ts';
export type { CreateMonitor } from './faces/built_in/monitor.ts';
export type { Message, MessageContent, PromptInput } from './faces/built_in/conversation.ts';
export type { PromptOptions } from './faces/built_in/session.ts';
export type { LanguageModelTool } from './faces/built_in/tools.ts';
