/**
 * What models are told. Models of less than half a billion parameters get one plain sentence, as those they were trained on; larger ones are told more. The text
 * itself is the user's message, and nothing else is in it.
 */
import type { Size } from './sizes.ts';

export type SummaryType = 'key-points' | 'tldr' | 'teaser' | 'headline';
export type Length = 'short' | 'medium' | 'long';

/** How long a summary is: sentences, points or words. */
const amounts: Readonly<Record<SummaryType, Readonly<Record<Length, number>>>> = {
  'key-points': { short: 3, medium: 5, long: 7 },
  tldr: { short: 1, medium: 3, long: 5 },
  teaser: { short: 1, medium: 3, long: 5 },
  headline: { short: 12, medium: 17, long: 22 },
};

const sentences = (n: number): string => (n === 1 ? 'one sentence' : `${n} sentences`);

const summaries: Readonly<Record<SummaryType, (n: number, size: Size) => string>> = {
  'key-points': (n, size) =>
    size === 'tiny'
      ? `Extract and present the ${n} main key points of the input text as a list, each in one very short sentence.`
      : `Read the user's text and list its ${n} most important points, one a line, each a short sentence behind "- ". Say only what the text says. Answer with the list alone.`,
  tldr: (n, size) =>
    size === 'tiny'
      ? `Provide a concise, objective summary of the input text in up to ${sentences(n)}.`
      : `Summarize the user's text for a reader in a hurry, in at most ${sentences(n)}. Say only what the text says. Answer with the summary alone.`,
  teaser: (n, size) =>
    size === 'tiny'
      ? `Write a short teaser for the input text in up to ${sentences(n)} that makes people want to read it.`
      : `Write a teaser for the user's text in at most ${sentences(n)}: its most interesting part, so that people want to read the whole. Say nothing that is not in the text. Answer with the teaser alone.`,
  headline: (n, size) =>
    size === 'tiny'
      ? `Write a headline for the input text in less than ${n} words.`
      : `Write a headline for the user's text: its main point, in at most ${n} words, without quotation marks. Answer with the headline alone.`,
};

/** Instructions are sentences behind one another; those that do not apply are left out. */
const said = (...parts: readonly (string | undefined | false)[]): string =>
  parts.filter((part) => part !== undefined && part !== false && part !== '').join(' ');

interface Wishes {
  readonly format?: 'plain-text' | 'markdown' | 'as-is' | undefined;
  /** In English. */
  readonly language?: string | undefined;
  readonly context?: string | undefined;
}

const formats: Readonly<Record<NonNullable<Wishes['format']>, string | undefined>> = {
  'as-is': undefined,
  markdown: 'Use Markdown.',
  'plain-text': 'Use plain text without Markdown.',
};

const wished = ({ format, language, context }: Wishes): string =>
  said(
    format && formats[format],
    language !== undefined && `Answer in ${language}.`,
    context !== undefined && context.trim() !== '' && `Context: ${context.trim()}`,
  );

export function summaryPrompt(
  size: Size,
  { type, length, format, ...wishes }: Wishes & { readonly type: SummaryType; readonly length: Length },
): string {
  const isPlain = format === 'plain-text' || type === 'headline';
  return said(
    summaries[type](amounts[type][length], size),
    wished({ ...wishes, format: isPlain && size !== 'tiny' ? 'plain-text' : undefined }),
  );
}

/** For a part of a long text, whose summaries are summed up once more. */
export const partPrompt = (size: Size, wishes: Wishes): string =>
  said(
    size === 'tiny'
      ? 'Provide a concise, objective summary of the input text in up to three sentences.'
      : "The user's text is one part of a longer one. Sum it up in at most five sentences: what a summary of the whole will need. Say only what the text says. Answer with the summary alone.",
    wished(wishes),
  );

export type Tone = 'as-is' | 'more-formal' | 'more-casual';
export type Change = 'as-is' | 'shorter' | 'longer';

const tones: Readonly<Record<Tone, string | undefined>> = {
  'as-is': undefined,
  'more-formal': 'more professional and formal',
  'more-casual': 'more friendly and approachable',
};

const changes: Readonly<Record<Change, string | undefined>> = {
  'as-is': undefined,
  shorter: 'more concise',
  longer: 'longer and more detailed',
};

export function rewritePrompt(
  size: Size,
  {
    tone,
    length,
    instruction,
    ...wishes
  }: Wishes & { readonly tone: Tone; readonly length: Change; readonly instruction?: string | undefined },
): string {
  const how = [tones[tone], changes[length]].filter((each) => each !== undefined).join(' and ') || 'clearer';
  const rest = said(instruction, wished(wishes));
  const keeping = tone === 'more-formal' ? 'retaining its essential content' : 'preserving its core meaning';
  return size === 'tiny'
    ? said(
        `You're an AI assistant for text re-writing. Rewrite the input text to make it ${how} while ${keeping}.`,
        rest,
      )
    : said(
        `Rewrite the user's text to make it ${how}. Keep its meaning, its facts and its names. Answer with the new text alone.`,
        rest,
      );
}

const writingTones = { formal: 'a formal', neutral: 'a neutral', casual: 'a casual' } as const;
const writingLengths = {
  short: 'one short paragraph',
  medium: 'about three paragraphs',
  long: 'five paragraphs or more',
} as const;

export function writePrompt(
  size: Size,
  { tone, length, ...wishes }: Wishes & { readonly tone: keyof typeof writingTones; readonly length: Length },
): string {
  return size === 'tiny'
    ? said(`Write what the user asks for in ${writingTones[tone]} tone, in ${writingLengths[length]}.`, wished(wishes))
    : said(
        `Write what the user asks for, in ${writingTones[tone]} tone, in ${writingLengths[length]}. Answer with the text alone, without a word about it.`,
        wished(wishes),
      );
}

export function translationPrompt(
  size: Size,
  {
    from,
    to,
    context,
  }: { readonly from: string | undefined; readonly to: string; readonly context?: string | undefined },
): string {
  const source = from === undefined ? '' : ` from ${from}`;
  return size === 'tiny'
    ? said(wished({ context }), `Translate the following ${from === undefined ? '' : `${from} `}text to ${to}:`)
    : said(
        `Translate the user's text${source} into ${to}. Keep names, numbers and line breaks. Answer with the translation alone.`,
        wished({ context }),
      );
}

export const proofreadingPrompt = (size: Size, wishes: Wishes): string =>
  size === 'tiny'
    ? said('Correct the spelling and grammar of the input text, and change nothing else.', wished(wishes))
    : said(
        "Correct the spelling, punctuation and grammar of the user's text. Keep its words, its style and its language wherever they are right; where nothing is wrong, repeat the text as it is. Answer with the text alone.",
        wished(wishes),
      );
