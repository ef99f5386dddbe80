/** Summarizer, Writer and Rewriter: https://webmachinelearning.github.io/writing-assistance-apis */
import type { Model } from '../../api/model.ts';
import { promptOf } from '../../tasks/ask.ts';
import {
  rewrite,
  rewriteChoices,
  rewriteInstruction,
  write,
  writeChoices,
  writeInstruction,
  writtenTokens,
} from '../../tasks/rewrite.ts';
import type { Length } from '../../tasks/prompts.ts';
import { summarize, summarizeChoices, summarizeInstruction } from '../../tasks/summarize.ts';
import type { Task } from '../../tasks/task.ts';
import type { TaskResult } from '../../tasks/options.ts';
import { quotaError } from './errors.ts';
import { Lifetime } from './lifetime.ts';
import { contextOf, dictionaryOf, signalOf, tagOf, tagsOf, wordOf } from './options.ts';
import type { Availability, CreateOptions, Source } from './source.ts';

/** The options that differ between the three. */
type Words = Readonly<Record<string, string>>;

export interface WritingCreateOptions extends CreateOptions {
  readonly sharedContext?: string;
  readonly expectedInputLanguages?: readonly string[];
  readonly expectedContextLanguages?: readonly string[];
  readonly outputLanguage?: string;
}

export interface CallOptions {
  readonly context?: string;
  readonly signal?: AbortSignal;
}

/** What a task is told: the words of `create`, and what is said about the text. */
export interface Told {
  readonly words: Words;
  readonly context: string | undefined;
  readonly language: string | undefined;
}

/** One of the three interfaces. */
interface Kind {
  readonly name: string;
  /** The choices of each option, the default first. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
  /** What becomes of an input without words, which no model is asked about. */
  readonly ofBlank: (input: string) => string;
  /** Tokens that an answer may have; absent where inputs of any length are read, in pieces. */
  readonly answerTokens?: (words: Words) => number;
  instruction(model: Model, told: Told): string;
  start(model: Model, input: string, told: Told, signal: AbortSignal): Task<TaskResult>;
}

/** Words that a choice lists, the default in front. */
const first = (word: string, words: readonly string[]): string[] => [word, ...words.filter((each) => each !== word)];

const optionsOf = ({ words, context, language }: Told) => ({ ...words, context, language });
const nothing = (): string => '';
const itself = (input: string): string => input;

export const kinds = {
  summarizer: {
    name: 'Summarizer',
    choices: {
      type: first('key-points', summarizeChoices.type),
      format: first('markdown', summarizeChoices.format),
      length: summarizeChoices.length,
    },
    ofBlank: nothing,
    instruction: (model, told) => summarizeInstruction(model, optionsOf(told)),
    start: (model, input, told, signal) => summarize(model, input, { ...optionsOf(told), signal }),
  },
  writer: {
    name: 'Writer',
    choices: {
      tone: first('neutral', writeChoices.tone),
      format: first('markdown', writeChoices.format),
      length: writeChoices.length,
    },
    ofBlank: nothing,
    answerTokens: ({ length }) => writtenTokens[length as Length],
    instruction: (model, told) => writeInstruction(model, optionsOf(told)),
    start: (model, input, told, signal) => write(model, input, { ...optionsOf(told), signal }),
  },
  rewriter: {
    name: 'Rewriter',
    choices: rewriteChoices,
    ofBlank: itself,
    instruction: (model, told) => rewriteInstruction(model, optionsOf(told)),
    start: (model, input, told, signal) => rewrite(model, input, { ...optionsOf(told), signal }),
  },
} as const satisfies Record<string, Kind>;

interface Read {
  readonly words: Words;
  readonly sharedContext: string;
  readonly expectedInputLanguages: readonly string[] | null;
  readonly expectedContextLanguages: readonly string[] | null;
  readonly outputLanguage: string | null;
}

/** @throws TypeError and RangeError, as the conversions of Web IDL do. */
function readOptions({ name, choices }: Kind, given: WritingCreateOptions | undefined | null): Read & CreateOptions {
  const options = dictionaryOf(name, given) as WritingCreateOptions & Words;
  const words = Object.fromEntries(
    Object.entries(choices).map(([option, known]) => [option, wordOf(option, options[option], known, known[0]!)]),
  );
  const signal = signalOf(options);
  return {
    words,
    sharedContext: options.sharedContext === undefined ? '' : String(options.sharedContext),
    expectedInputLanguages: tagsOf(options.expectedInputLanguages),
    expectedContextLanguages: tagsOf(options.expectedContextLanguages),
    outputLanguage: tagOf(options.outputLanguage),
    ...(signal && { signal }),
    ...(options.monitor && { monitor: options.monitor }),
  };
}

const isSpoken = (
  source: Source,
  { expectedInputLanguages, expectedContextLanguages, outputLanguage }: Read,
): boolean => source.speaks(expectedInputLanguages, expectedContextLanguages, outputLanguage);

export async function availabilityOf(
  source: Source,
  kind: Kind,
  given: WritingCreateOptions | undefined,
): Promise<Availability> {
  return isSpoken(source, readOptions(kind, given)) ? source.availability() : 'unavailable';
}

export async function createdOf(source: Source, kind: Kind, given: WritingCreateOptions | undefined): Promise<Work> {
  const read = readOptions(kind, given);
  read.signal?.throwIfAborted();
  if (!isSpoken(source, read))
    throw new DOMException(`a language of the ${kind.name} is not known`, 'NotSupportedError');
  const model = await source.model(kind.name, read);
  return new Work(kind, model, read);
}

/** A task under way; by itself a promise would wait for its end. */
interface Begun {
  readonly task: Task<TaskResult>;
}

/** What the three do, by their words. */
export class Work {
  readonly read: Read;
  private readonly kind: Kind;
  private readonly model: Model;
  private readonly life: Lifetime;

  constructor(kind: Kind, model: Model, read: Read & CreateOptions) {
    this.kind = kind;
    this.model = model;
    this.read = read;
    this.life = new Lifetime(kind.name, read.signal);
  }

  /** Inputs that are read in pieces have no end; others leave room for an answer. */
  get inputQuota(): number {
    const { nCtx } = this.model.info;
    const { answerTokens } = this.kind;
    return answerTokens ? nCtx - Math.min(nCtx >> 1, answerTokens(this.read.words)) : Infinity;
  }

  whole(given: unknown, options?: CallOptions): Promise<string> {
    return this.attempt(() => {
      const input = String(given);
      return this.life.run(signalOf(options), async (signal) => {
        const begun = await this.started(input, options, signal);
        return begun ? (await begun.task.result).text : this.kind.ofBlank(input);
      });
    });
  }

  pieces(given: unknown, options?: CallOptions): ReadableStream<string> {
    const input = String(given);
    const started = (signal: AbortSignal) => this.started(input, options, signal);
    const { ofBlank } = this.kind;
    return this.life.stream(signalOf(options), async function* (signal) {
      const begun = await started(signal);
      if (begun) yield* begun.task;
      else if (ofBlank(input) !== '') yield ofBlank(input);
    });
  }

  usage(given: unknown, options?: CallOptions): Promise<number> {
    return this.attempt(() => this.life.run(signalOf(options), () => this.measured(String(given), this.told(options))));
  }

  destroy(): void {
    this.life.destroy();
  }

  /** A mistake in the arguments rejects. */
  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  private async started(
    input: string,
    options: CallOptions | undefined,
    signal: AbortSignal,
  ): Promise<Begun | undefined> {
    if (input.trim() === '') return undefined;
    const told = this.told(options);
    if (this.inputQuota < Infinity) {
      const requested = await this.measured(input, told);
      if (requested > this.inputQuota) throw quotaError(requested, this.inputQuota);
    }
    return { task: this.kind.start(this.model, input, told, signal) };
  }

  private told(options: CallOptions | undefined): Told {
    const { words, sharedContext, outputLanguage } = this.read;
    return { words, context: contextOf(sharedContext, options?.context), language: outputLanguage ?? undefined };
  }

  private async measured(text: string, told: Told): Promise<number> {
    const instruction = this.kind.instruction(this.model, told);
    return (await this.model.tokenize(await promptOf(this.model, { instruction, text }))).length;
  }
}
