/** Translator and LanguageDetector: https://webmachinelearning.github.io/translation-api */
import type { Model } from '../../api/model.ts';
import { promptOf } from '../../tasks/ask.ts';
import { detectLanguage, knownLanguages } from '../../tasks/detect_language.ts';
import { hasWords } from '../../tasks/pieces.ts';
import { translate, translateInstruction } from '../../tasks/translate.ts';
import { Lifetime } from './lifetime.ts';
import { watched } from './monitor.ts';
import { canonicalTag, dictionaryOf, signalOf, tagsOf } from './options.ts';
import { progressed, type Availability, type CreateOptions, type Source } from './source.ts';
import { illegal } from './writers.ts';

export interface TranslatorCreateOptions extends CreateOptions {
  readonly sourceLanguage: string;
  readonly targetLanguage: string;
}

export interface OneCall {
  readonly signal?: AbortSignal;
}

/** @throws TypeError where one is left out, RangeError for what is no tag. */
function pairOf(given: TranslatorCreateOptions | undefined) {
  const options = dictionaryOf('Translator', given);
  for (const name of ['sourceLanguage', 'targetLanguage'] as const)
    if (options[name] === undefined)
      throw new TypeError(`${name} is missing: Translator wants sourceLanguage and targetLanguage`);
  return {
    from: canonicalTag(options.sourceLanguage),
    to: canonicalTag(options.targetLanguage),
    signal: signalOf(options),
    monitor: options.monitor,
  };
}

export interface Made {
  readonly model: Model;
  readonly from: string;
  readonly to: string;
  readonly life: Lifetime;
}

/** What can be done with one. */
class Translating {
  /** @internal */
  readonly made: Made;

  constructor(made?: Made) {
    if (!made) throw illegal();
    this.made = made;
  }

  get sourceLanguage(): string {
    return this.made.from;
  }

  get targetLanguage(): string {
    return this.made.to;
  }

  /** Texts are translated in pieces: any length will do. */
  get inputQuota(): number {
    return Infinity;
  }

  async translate(input: string, options?: OneCall): Promise<string> {
    const { model, from, to, life } = this.made;
    const text = String(input);
    const work = async (signal: AbortSignal) =>
      hasWords(text) ? (await translate(model, text, { from, to, signal }).result).text : text;
    return life.run(signalOf(options), work);
  }

  translateStreaming(input: string, options?: OneCall): ReadableStream<string> {
    const { model, from, to, life } = this.made;
    const text = String(input);
    return life.stream(signalOf(options), (signal) => translate(model, text, { from, to, signal }));
  }

  async measureInputUsage(input: string, options?: OneCall): Promise<number> {
    const { model, from, to, life } = this.made;
    const work = async () => {
      const instruction = translateInstruction(model, { from, to });
      return (await model.tokenize(await promptOf(model, { instruction, text: String(input) }))).length;
    };
    return life.run(signalOf(options), work);
  }

  destroy(): void {
    this.made.life.destroy();
  }
}

export function translatorOf(source: Source) {
  return class Translator extends Translating {
    static async create(given: TranslatorCreateOptions): Promise<Translator> {
      const { from, to, signal, monitor } = pairOf(given);
      signal?.throwIfAborted();
      if (!source.speaks(from, to))
        throw new DOMException(`${from} or ${to} is a language that is not known`, 'NotSupportedError');
      const model = await source.model('Translator', { ...(signal && { signal }), ...(monitor && { monitor }) });
      return new Translator({ model, from, to, life: new Lifetime('Translator', signal) });
    }

    static async availability(given: TranslatorCreateOptions): Promise<Availability> {
      const { from, to } = pairOf(given);
      return source.speaks(from, to) ? source.availability() : 'unavailable';
    }
  };
}

export interface LanguageDetectorCreateOptions extends CreateOptions {
  readonly expectedInputLanguages?: readonly string[];
}

/** A language that a text may be in; the last of all is `und`: none of these. */
export interface Detected {
  readonly detectedLanguage: string;
  readonly confidence: number;
}

/** Confidences of all that is told are less than this, but for the last. */
const enough = 0.99;

/** The languages of a text as the specification wants them: the likely ones, and what is left. */
async function detected(text: string, signal: AbortSignal): Promise<Detected[]> {
  const found = await detectLanguage(text, { signal });
  const left = 1 - found.reduce((sum, { confidence }) => sum + confidence, 0);
  const results: Detected[] = [];
  let sum = 0;
  for (const { language, confidence } of found) {
    if (sum >= enough || confidence <= left) break;
    results.push({ detectedLanguage: language, confidence });
    sum += confidence;
  }
  const rest = Math.min(left, 1 - sum);
  return [...results, { detectedLanguage: 'und', confidence: rest }];
}

/** Languages that can be told, whatever region or script a tag adds, unless the script is not the language's own. */
async function canTell(tags: readonly string[] | null): Promise<boolean> {
  const known = new Set(await knownLanguages());
  return (tags ?? []).every((tag) => {
    const { language, script } = new Intl.Locale(tag);
    return known.has(language) && (script === undefined || new Intl.Locale(language).maximize().script === script);
  });
}

/** A detector needs no model: it is there from the beginning. */
export function languageDetectorOf() {
  return class LanguageDetector {
    /** @internal */
    readonly made: { readonly languages: readonly string[] | null; readonly life: Lifetime };

    constructor(made?: { readonly languages: readonly string[] | null; readonly life: Lifetime }) {
      if (!made) throw illegal();
      this.made = made;
    }

    static async create(given?: LanguageDetectorCreateOptions): Promise<LanguageDetector> {
      const options = dictionaryOf('LanguageDetector', given);
      const languages = tagsOf(options.expectedInputLanguages);
      const signal = signalOf(options);
      signal?.throwIfAborted();
      const tell = watched(options.monitor);
      if (!(await canTell(languages)))
        throw new DOMException(`one of ${languages!.join(', ')} cannot be told`, 'NotSupportedError');
      tell(0);
      await Promise.resolve();
      signal?.throwIfAborted();
      await progressed(tell, signal);
      return new LanguageDetector({ languages, life: new Lifetime('LanguageDetector', signal) });
    }

    static async availability(given?: LanguageDetectorCreateOptions): Promise<Availability> {
      const languages = tagsOf(dictionaryOf('LanguageDetector', given).expectedInputLanguages);
      return (await canTell(languages)) ? 'available' : 'unavailable';
    }

    get expectedInputLanguages(): readonly string[] {
      return this.made.languages as readonly string[]; // null where none were given
    }

    get inputQuota(): number {
      return Infinity;
    }

    async detect(input: string, options?: OneCall): Promise<Detected[]> {
      return this.made.life.run(signalOf(options), (signal) => detected(String(input), signal));
    }

    /** In characters: there is no model that has tokens. */
    async measureInputUsage(input: string, options?: OneCall): Promise<number> {
      return this.made.life.run(signalOf(options), () => Promise.resolve(String(input).length));
    }

    destroy(): void {
      this.made.life.destroy();
    }
  };
}
