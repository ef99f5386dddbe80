/** Proofreader: https://webmachinelearning.github.io/proofreader-api */
import type { Model } from '../../api/model.ts';
import type { EditType } from '../../tasks/edits.ts';
import { proofread } from '../../tasks/proofread.ts';
import { Lifetime } from './lifetime.ts';
import { dictionaryOf, signalOf, tagOf, tagsOf } from './options.ts';
import type { Availability, CreateOptions, Source } from './source.ts';
import { illegal } from './writers.ts';

export interface ProofreaderCreateOptions extends CreateOptions {
  readonly includeCorrectionTypes?: boolean;
  readonly includeCorrectionExplanations?: boolean;
  readonly correctionExplanationLanguage?: string;
  readonly expectedInputLanguages?: readonly string[];
}

/** Places in the text that was given. */
export interface ProofreadCorrection {
  startIndex: number;
  endIndex: number;
  correction: string;
  types?: EditType[];
}

export interface ProofreadResult {
  correctedInput: string;
  corrections: ProofreadCorrection[];
}

function readOptions(given: ProofreaderCreateOptions | undefined) {
  const options = dictionaryOf('Proofreader', given);
  return {
    types: Boolean(options.includeCorrectionTypes),
    explains: Boolean(options.includeCorrectionExplanations),
    explanationLanguage: tagOf(options.correctionExplanationLanguage),
    languages: tagsOf(options.expectedInputLanguages),
    signal: signalOf(options),
    monitor: options.monitor,
  };
}

type Read = ReturnType<typeof readOptions>;

/** Explanations are not made: what a small model says about its own corrections is mostly wrong. */
const canDo = (source: Source, { explains, languages, explanationLanguage }: Read): boolean =>
  !explains && source.speaks(languages, explanationLanguage);

export interface Made extends Read {
  readonly model: Model;
  readonly life: Lifetime;
}

/** What can be done with one. */
class Proofreading {
  /** @internal */
  readonly made: Made;

  constructor(made?: Made) {
    if (!made) throw illegal();
    this.made = made;
  }

  get includeCorrectionTypes(): boolean {
    return this.made.types;
  }

  get includeCorrectionExplanations(): boolean {
    return this.made.explains;
  }

  get correctionExplanationLanguage(): string {
    return this.made.explanationLanguage as string; // null where none was given
  }

  get expectedInputLanguages(): readonly string[] {
    return this.made.languages as readonly string[];
  }

  async proofread(input: string, options?: { readonly signal?: AbortSignal }): Promise<ProofreadResult> {
    const { model, types, life } = this.made;
    return life.run(signalOf(options), async (signal) => {
      const { text, corrections } = await proofread(model, String(input), { signal }).result;
      return {
        correctedInput: text,
        corrections: corrections.map(({ start, end, replacement, type }) => ({
          startIndex: start,
          endIndex: end,
          correction: replacement,
          ...(types && { types: [type] }),
        })),
      };
    });
  }

  destroy(): void {
    this.made.life.destroy();
  }
}

export function proofreaderOf(source: Source) {
  return class Proofreader extends Proofreading {
    static async create(given?: ProofreaderCreateOptions): Promise<Proofreader> {
      const read = readOptions(given);
      const { signal, monitor } = read;
      signal?.throwIfAborted();
      if (!canDo(source, read)) {
        const what = read.explains
          ? 'explanations of corrections are not made'
          : 'a language of the Proofreader is not known';
        throw new DOMException(what, 'NotSupportedError');
      }
      const model = await source.model('Proofreader', { ...(signal && { signal }), ...(monitor && { monitor }) });
      return new Proofreader({ ...read, model, life: new Lifetime('Proofreader', signal) });
    }

    static async availability(given?: ProofreaderCreateOptions): Promise<Availability> {
      return canDo(source, readOptions(given)) ? source.availability() : 'unavailable';
    }
  };
}
