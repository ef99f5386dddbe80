/** What tasks take, and how it is checked. */
import { checkNames, checkOneOf, kindOf, tagOf } from '../base/checks.ts';
import type { Model } from '../api/model.ts';
import type { SamplerOptions } from '../sampling/options.ts';

/** Every task has these. */
export interface TaskOptions {
  /** What the reader knows, or what the text is about: the model is told so beside the text. */
  readonly context?: string | undefined;
  /** Sampling settings, where they shall not be the task's own. */
  readonly sampling?: SamplerOptions | undefined;
  /** Gets the number of the text's pieces done so far. How many there are may grow while a long text is summarized. */
  readonly onProgress?: ((nDone: number, nTotal: number) => void) | undefined;
  /** Stops within one token; the task rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface TaskResult {
  readonly text: string;
  /** Questions to the model. */
  readonly nPieces: number;
  /** Answers that ended before the model ended them: by their length, by a full context, or because they went round in circles; and those without a word. */
  readonly nCut: number;
}

const common = ['context', 'sampling', 'onProgress', 'signal'];

/** The choices of each option that has some. */
export type Choices = Readonly<Record<string, readonly string[]>>;

/** @throws TypeError for what is no model, no text, or an option that nobody reads; RangeError for a word that an option does not know. */
export function checkTask(
  task: string,
  { model, text, options }: { readonly model: Model; readonly text: unknown; readonly options: object },
  choices: Choices,
  others: readonly string[] = [],
): void {
  if (typeof model?.generate !== 'function')
    throw new TypeError(`${task} got ${kindOf(model)} for its model, expected what openModel returns`);
  if (model.info.embeds || model.info.ranks)
    throw new TypeError(
      `${task} needs a model that writes text; ${model.info.name} makes ${model.info.ranks ? 'scores' : 'embeddings'}`,
    );
  if (model.info.noChat !== undefined)
    throw new TypeError(
      `${task} needs a model that can be told what to do, and with this one there is no chat: ${model.info.noChat}`,
    );
  if (typeof text !== 'string') throw new TypeError(`the text to ${task} is ${kindOf(text)}, expected a string`);
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`the options of ${task} are ${kindOf(options)}, expected an object`);
  checkNames(`option of ${task}`, options, [...Object.keys(choices), ...others, ...common]);
  const given = options as Readonly<Record<string, unknown>>;
  for (const [name, words] of Object.entries(choices)) {
    if (given[name] !== undefined) checkOneOf(name, given[name] as string, words);
  }
  const { context, signal, onProgress } = options as TaskOptions;
  if (context !== undefined && typeof context !== 'string')
    throw new TypeError(`context is ${kindOf(context)}, expected a text`);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new TypeError(`onProgress is ${kindOf(onProgress)}, expected a function`);
  if (signal !== undefined && tagOf(signal) !== 'AbortSignal')
    throw new TypeError(`signal is ${kindOf(signal)}, expected the signal of an AbortController`);
}
