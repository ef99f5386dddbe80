/** LanguageModel: https://webmachinelearning.github.io/prompt-api */
import type { Model } from '../../api/model.ts';
import { initialOf, type Message, type PromptInput } from './conversation.ts';
import { windowOf } from './context.ts';
import { dictionaryOf, signalOf, tagsOf } from './options.ts';
import { Session, type PromptOptions } from './session.ts';
import { samplingOf, type SamplingMode } from './sampling.ts';
import type { Availability, CreateOptions, Source } from './source.ts';
import { toolsOf, type LanguageModelTool } from './tools.ts';
import { illegal } from './writers.ts';

export interface Expected {
  readonly type: 'text' | 'image' | 'audio';
  readonly languages?: readonly string[];
}

export interface LanguageModelCreateOptions extends CreateOptions {
  readonly initialPrompts?: readonly Message[];
  readonly expectedInputs?: readonly Expected[];
  readonly expectedOutputs?: readonly Expected[];
  readonly tools?: readonly LanguageModelTool[];
  readonly topK?: number;
  readonly temperature?: number;
  readonly samplingMode?: SamplingMode;
}

const types = ['text', 'image', 'audio', 'tool-call', 'tool-response'];

/** Whether text alone goes in and out, in languages that are known. @throws TypeError and RangeError, as the conversions of Web IDL do. */
function canDo(source: Source, { expectedInputs, expectedOutputs }: LanguageModelCreateOptions): boolean {
  return [expectedInputs, expectedOutputs].every((expected) =>
    Array.from(expected ?? []).every(({ type, languages }) => {
      if (!types.includes(type))
        throw new TypeError(`an expected type is ${JSON.stringify(type)}, known are ${types.join(', ')}`);
      const isSpoken = source.speaks(tagsOf(languages));
      return type === 'text' && isSpoken;
    }),
  );
}

/** Properties with handlers, as pages set them. */
type Handler = ((this: EventTarget, event: Event) => unknown) | null;

/** What can be done with one. */
class Prompting extends EventTarget {
  /** @internal */
  readonly session: Session;
  oncontextoverflow: Handler = null;
  onquotaoverflow: Handler = null;

  constructor(session?: Session) {
    super();
    if (!session) throw illegal();
    this.session = session;
    session.onOverflow = () => this.tellOverflow();
  }

  get contextUsage(): number {
    return this.session.usage;
  }

  get inputUsage(): number {
    return this.session.usage;
  }

  get contextWindow(): number {
    return this.session.made.window;
  }

  get inputQuota(): number {
    return this.session.made.window;
  }

  get topK(): number {
    return this.session.made.sampling.topK ?? paramsOf(this.session.made.model).defaultTopK;
  }

  get temperature(): number {
    return this.session.made.sampling.temperature ?? paramsOf(this.session.made.model).defaultTemperature;
  }

  async prompt(input: PromptInput, options?: PromptOptions): Promise<string> {
    return this.session.prompt(input, options);
  }

  promptStreaming(input: PromptInput, options?: PromptOptions): ReadableStream<string> {
    return this.session.promptStreaming(input, options);
  }

  async append(input: PromptInput, options?: { readonly signal?: AbortSignal }): Promise<undefined> {
    return this.session.append(input, options);
  }

  async measureContextUsage(input: PromptInput, options?: PromptOptions): Promise<number> {
    return this.session.measure(input, options);
  }

  async measureInputUsage(input: PromptInput, options?: PromptOptions): Promise<number> {
    return this.session.measure(input, options);
  }

  async clone(options?: { readonly signal?: AbortSignal }): Promise<this> {
    const Own = this.constructor as new (session: Session) => this;
    return new Own(await this.session.clone(signalOf(options)));
  }

  destroy(): undefined {
    this.session.destroy();
  }

  /** By both of its names. @internal */
  tellOverflow(): void {
    for (const name of ['contextoverflow', 'quotaoverflow'] as const) {
      const event = new Event(name);
      this[`on${name}`]?.(event);
      this.dispatchEvent(event);
    }
  }
}

export function languageModelOf(source: Source) {
  return class LanguageModel extends Prompting {
    static async create(given?: LanguageModelCreateOptions): Promise<LanguageModel> {
      const options = dictionaryOf('LanguageModel', given);
      const signal = signalOf(options);
      const messages = initialOf(options.initialPrompts);
      const sampling = samplingOf(options);
      const tools = toolsOf(options.tools);
      signal?.throwIfAborted();
      if (!canDo(source, options))
        throw new DOMException('what is expected is not text in languages that are known', 'NotSupportedError');
      const model = await source.model('LanguageModel', {
        ...(signal && { signal }),
        ...(options.monitor && { monitor: options.monitor }),
      });
      const window = await windowOf(model);
      const session = await Session.open({ model, window, messages, sampling, tools, signal });
      signal?.throwIfAborted();
      return new LanguageModel(session);
    }

    static async availability(
      given?: Omit<LanguageModelCreateOptions, keyof CreateOptions | 'initialPrompts'>,
    ): Promise<Availability> {
      const options = dictionaryOf('LanguageModel', given);
      samplingOf(options);
      toolsOf(options.tools);
      return canDo(source, options) ? source.availability() : 'unavailable';
    }

    /** Limits of the sampling settings, once the model is open; null before. */
    static async params() {
      const model = source.openedModel;
      return model ? paramsOf(model) : null;
    }
  };
}

/** A temperature above makes no sense in any text. */
const maxTemperature = 2;

function paramsOf({ info }: Model) {
  const { topK = 0, temperature = 0.8 } = info.sampling;
  return {
    defaultTopK: topK > 0 ? topK : info.nVocab,
    maxTopK: info.nVocab,
    defaultTemperature: Math.min(temperature, maxTemperature),
    maxTemperature,
  };
}
