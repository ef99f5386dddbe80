/** The classes that pages see; each is a few names over the same work. */
import type { Source } from './source.ts';
import { availabilityOf, createdOf, kinds, type CallOptions, type Work, type WritingCreateOptions } from './writing.ts';

/** Who made an object: classes that pages see cannot be constructed. */
export const illegal = (): TypeError => new TypeError('Illegal constructor: use create()');

/** What the three have in common. */
abstract class Written {
  /** @internal */
  readonly work: Work;

  constructor(work?: Work) {
    if (!work) throw illegal();
    this.work = work;
  }

  get sharedContext(): string {
    return this.work.read.sharedContext;
  }

  get expectedInputLanguages(): readonly string[] {
    return this.work.read.expectedInputLanguages as readonly string[]; // null where none were given
  }

  get expectedContextLanguages(): readonly string[] {
    return this.work.read.expectedContextLanguages as readonly string[];
  }

  get outputLanguage(): string {
    return this.work.read.outputLanguage as string;
  }

  get inputQuota(): number {
    return this.work.inputQuota;
  }

  measureInputUsage(input: string, options?: CallOptions): Promise<number> {
    return this.work.usage(input, options);
  }

  destroy(): void {
    this.work.destroy();
  }
}

export interface SummarizerCreateOptions extends WritingCreateOptions {
  readonly type?: 'tldr' | 'teaser' | 'key-points' | 'headline';
  readonly format?: 'plain-text' | 'markdown';
  readonly length?: 'short' | 'medium' | 'long';
  readonly preference?: 'auto' | 'speed' | 'capability';
}

export function summarizerOf(source: Source) {
  return class Summarizer extends Written {
    static async create(options?: SummarizerCreateOptions): Promise<Summarizer> {
      return new Summarizer(await createdOf(source, kinds.summarizer, options));
    }

    static async availability(options?: SummarizerCreateOptions) {
      return availabilityOf(source, kinds.summarizer, options);
    }

    get type() {
      return this.work.read.words['type'] as NonNullable<SummarizerCreateOptions['type']>;
    }

    get format() {
      return this.work.read.words['format'] as NonNullable<SummarizerCreateOptions['format']>;
    }

    get length() {
      return this.work.read.words['length'] as NonNullable<SummarizerCreateOptions['length']>;
    }

    summarize(input: string, options?: CallOptions): Promise<string> {
      return this.work.whole(input, options);
    }

    summarizeStreaming(input: string, options?: CallOptions): ReadableStream<string> {
      return this.work.pieces(input, options);
    }
  };
}

export interface WriterCreateOptions extends WritingCreateOptions {
  readonly tone?: 'formal' | 'neutral' | 'casual';
  readonly format?: 'plain-text' | 'markdown';
  readonly length?: 'short' | 'medium' | 'long';
}

export function writerOf(source: Source) {
  return class Writer extends Written {
    static async create(options?: WriterCreateOptions): Promise<Writer> {
      return new Writer(await createdOf(source, kinds.writer, options));
    }

    static async availability(options?: WriterCreateOptions) {
      return availabilityOf(source, kinds.writer, options);
    }

    get tone() {
      return this.work.read.words['tone'] as NonNullable<WriterCreateOptions['tone']>;
    }

    get format() {
      return this.work.read.words['format'] as NonNullable<WriterCreateOptions['format']>;
    }

    get length() {
      return this.work.read.words['length'] as NonNullable<WriterCreateOptions['length']>;
    }

    write(input: string, options?: CallOptions): Promise<string> {
      return this.work.whole(input, options);
    }

    writeStreaming(input: string, options?: CallOptions): ReadableStream<string> {
      return this.work.pieces(input, options);
    }
  };
}

export interface RewriterCreateOptions extends WritingCreateOptions {
  readonly tone?: 'as-is' | 'more-formal' | 'more-casual';
  readonly format?: 'as-is' | 'plain-text' | 'markdown';
  readonly length?: 'as-is' | 'shorter' | 'longer';
}

export function rewriterOf(source: Source) {
  return class Rewriter extends Written {
    static async create(options?: RewriterCreateOptions): Promise<Rewriter> {
      return new Rewriter(await createdOf(source, kinds.rewriter, options));
    }

    static async availability(options?: RewriterCreateOptions) {
      return availabilityOf(source, kinds.rewriter, options);
    }

    get tone() {
      return this.work.read.words['tone'] as NonNullable<RewriterCreateOptions['tone']>;
    }

    get format() {
      return this.work.read.words['format'] as NonNullable<RewriterCreateOptions['format']>;
    }

    get length() {
      return this.work.read.words['length'] as NonNullable<RewriterCreateOptions['length']>;
    }

    rewrite(input: string, options?: CallOptions): Promise<string> {
      return this.work.whole(input, options);
    }

    rewriteStreaming(input: string, options?: CallOptions): ReadableStream<string> {
      return this.work.pieces(input, options);
    }
  };
}
