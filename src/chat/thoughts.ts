/**
 * How models mark their thoughts in what they say. The mark that a template or a vocabulary knows decides; a new way is a row. Ways to mark
 * other parts of an answer, such as calls of tools, can join as rows of `marks` with a type of their own.
 */

/** What a part of an answer is. */
export type PartType = 'thinking' | 'text';

/** A text between parts, spelled in elements: those that are tokens of the vocabulary count only as these tokens. */
export interface Mark {
  readonly elements: readonly string[];
  /** What goes on behind it. */
  readonly to: PartType;
  /** In which part it is looked for. */
  readonly inside: PartType;
}

/** Plain data: it crosses the border between threads. */
export interface Thoughts {
  readonly marks: readonly Mark[];
  /** Elements that are tokens by themselves. */
  readonly tokens: readonly string[];
  /** What stands around the answer, and does not belong to it. */
  readonly around?: readonly [begin: string, end: string];
  /** Parts are messages with headers, as gpt-oss writes them (`harmony/messages.ts`). The marks say how one of each is begun and ended. */
  readonly isHarmony?: true;
}

interface Way {
  /** All of these stand in the template, or are tokens. */
  readonly says: readonly string[];
  readonly begin: readonly string[];
  readonly end: readonly string[];
  /** Between parts of an answer, and no text. */
  readonly gap?: readonly string[];
  readonly isHarmony?: true;
}

const paired = (begin: string, end: string): Way => ({ says: [begin], begin: [begin], end: [end] });

/** What messages of Harmony are made of. */
const ofHarmony: readonly string[] = [
  ...['<|start|>', '<|channel|>', '<|constrain|>', '<|message|>', '<|end|>', '<|return|>', '<|call|>'],
];

/** Elements of a mark have a blank between them here. */
const ways: readonly Way[] = [
  {
    says: ['<|channel|>', '<|message|>'], // gpt-oss
    begin: ['<|channel|> analysis <|message|>'],
    end: ['<|end|>', '<|channel|> final <|message|>'],
    isHarmony: true,
  },
  { says: ['<|channel>', '<channel|>'], begin: ['<|channel> thought'], end: ['<channel|>'] }, // Gemma 4
  {
    says: ['<|begin|>assistant<|think|>'], // Solar
    begin: ['<|think|>', '<|begin|> assistant <|think|>'],
    end: ['<|end|>', '<|content|>', '<|begin|> assistant <|content|>'],
    gap: ['<|end|>', '<|content|>', '<|begin|> assistant <|content|>'],
  },
  paired('[THINK]', '[/THINK]'), // Mistral
  paired('<|START_THINKING|>', '<|END_THINKING|>'), // Cohere
  paired('<|inner_prefix|>', '<|inner_suffix|>'), // Apertus
  paired('<seed:think>', '</seed:think>'),
  { ...paired('<mm:think>', '</mm:think>'), gap: ['</mm:think>'] }, // MiniMax-M3: an answer without thoughts may begin so
  { ...paired('<think>', '</think>'), says: ['</think>'] }, // most: Qwen, DeepSeek, SmolLM3, GLM, EXAONE, Hunyuan, LFM2.5, Nemotron
  paired('<think>', '</think>'), // some templates tell the model about it, and never close it
  paired('<thought>', '</thought>'), // EXAONE Deep
  paired('<thinking>', '</thinking>'),
];

/** Some put their answers into a tag as well: Granite 3.3 and ERNIE, Hunyuan. */
const arounds: readonly (readonly [string, string])[] = [
  ['<response>', '</response>'],
  ['<answer>', '</answer>'],
];

/** Looked for in a template before all of this is loaded. */
export interface Speaker {
  /** The template's source; empty where there is none. */
  readonly template: string;
  /** Whether a piece is a token of its own that text does not turn into by chance. */
  readonly isToken: (piece: string) => boolean;
}

/** The way in which a model marks its thoughts; undefined for one that has none. */
export function thoughtsOf({ template, isToken }: Speaker): Thoughts | undefined {
  const way =
    ways.find(({ says }) => says.every((mark) => template.includes(mark))) ??
    ways.find(({ says }) => says.every(isToken));
  if (!way) return undefined;
  const { begin, end, gap = [], isHarmony } = way;
  const mark = (inside: PartType, to: PartType) => (spelled: string) => ({ elements: spelled.split(' '), to, inside });
  const marks = [
    ...begin.map(mark('text', 'thinking')),
    ...end.map(mark('thinking', 'text')),
    ...gap.map(mark('text', 'text')),
  ];
  const elements = isHarmony ? ofHarmony : marks.flatMap((each) => each.elements);
  const tokens = [...new Set(elements)].filter(isToken);
  const around = arounds.find(([opening, closing]) => template.includes(opening) && template.includes(closing));
  return { marks, tokens, ...(around && { around }), ...(isHarmony && { isHarmony }) };
}
