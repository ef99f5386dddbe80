import { languageModelOf } from './language_model.ts';
import { preferring } from './prefer.ts';
import { proofreaderOf } from './proofreader.ts';
import { Source, type BuiltInAiOptions } from './source.ts';
import { languageDetectorOf, translatorOf } from './translator.ts';
import { rewriterOf, summarizerOf, writerOf } from './writers.ts';

/** The interfaces by their names, over a model that is opened at the first `create`. */
export function builtInAi(options: BuiltInAiOptions) {
  if (typeof options?.open !== 'function')
    throw new TypeError(
      'builtInAi wants { open }, a function that opens a model: builtInAi({ open: () => openModel(…) })',
    );
  const source = new Source(options);
  return preferring(options.prefer ?? 'thimble', {
    LanguageModel: languageModelOf(source),
    Summarizer: summarizerOf(source),
    Writer: writerOf(source),
    Rewriter: rewriterOf(source),
    Proofreader: proofreaderOf(source),
    Translator: translatorOf(source),
    LanguageDetector: languageDetectorOf(),
  });
}

export type BuiltInAi = ReturnType<typeof builtInAi>;

/**
 * Puts them where pages look for them, on `globalThis`: with `prefer: 'browser'` and where a browser has its own, these are asked first. Returns a function that takes them away again.
 */
export function installBuiltInAi(options: BuiltInAiOptions): () => void {
  const before = Object.getOwnPropertyDescriptors(globalThis) as Readonly<Record<string, PropertyDescriptor>>;
  const names = Object.entries(builtInAi(options)).map(([name, value]) => {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
    return name;
  });
  return () => {
    for (const name of names) {
      if (before[name]) Object.defineProperty(globalThis, name, before[name]);
      else Reflect.deleteProperty(globalThis, name);
    }
  };
}
