/** `thimble/tasks`: what people ask models to do to texts, as functions over a model. */
export { summarize, type SummarizeOptions } from './tasks/summarize.ts';
export { rewrite, write, type RewriteOptions, type WriteOptions } from './tasks/rewrite.ts';
export { translate, type TranslateOptions, type Translation } from './tasks/translate.ts';
export { proofread, type Correction, type Proofread, type ProofreadOptions } from './tasks/proofread.ts';
export {
  detectLanguage,
  knownLanguages,
  type DetectedLanguage,
  type DetectLanguageOptions,
} from './tasks/detect_language.ts';
export type { TaskOptions, TaskResult } from './tasks/options.ts';
export type { Task } from './tasks/task.ts';
export type { Edit, EditType } from './tasks/edits.ts';
export type { Change, Length, SummaryType, Tone } from './tasks/prompts.ts';
