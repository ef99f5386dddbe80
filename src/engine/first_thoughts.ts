import {
  anyChar,
  both,
  either,
  literal,
  not,
  repeat,
  sequence as sequenceOf,
  type Regular,
} from '../grammar/regular.ts';
import type { Grammar, Item } from '../grammar/grammar.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Mark } from '../chat/thoughts.ts';
import type { Marks } from './marks.ts';

/**
 * What may stand before the part of an answer that is held to something: nothing, a thought, or the end of a thought that the prompt has
 * opened.
 */
export type Opening = 'none' | 'thought' | 'open thought';

/** Whether the model may think first. @param prompt the tokens before its answer */
export function openingOf(prompt: readonly number[], tokenizer: Tokenizer, marks: Marks | undefined): Opening {
  if (!marks) return 'none';
  const text = marks.before(prompt).text.trimEnd();
  const endsWith = (to: Mark['to']) =>
    marks.thoughts.marks.some((mark) => mark.to === to && mark.inside !== to && text.endsWith(mark.elements.join('')));
  if (endsWith('thinking')) return 'open thought';
  const isTurn = prompt.some((token, i) => i > 0 && tokenizer.isControl(token)); // of a conversation; BOS stands before any text
  return isTurn && !endsWith('text') ? 'thought' : 'none';
}

/** All answers that begin with a thought, as the model marks it, and go on with a sentence of the grammar. */
export function withThoughts(grammar: Grammar, opening: Opening, tokenizer: Tokenizer, { thoughts }: Marks): Grammar {
  const { marks } = thoughts;
  const begins = marks.filter(({ to }) => to === 'thinking');
  const ends = marks.filter(({ inside, to }) => inside === 'thinking' && to === 'text');
  const gaps = marks.filter(({ inside, to }) => inside === 'text' && to === 'text');
  const oneOf = (which: readonly Mark[]): Item => choice(which.map((mark) => spelled(mark, tokenizer)));
  return inFront(grammar, (sentence) => {
    const gap: Item = { kind: 'repeat', item: sequence([oneOf(gaps), space]), min: 0, max: MAX_GAPS };
    const answer = gaps.length > 0 ? sequence([gap, sentence]) : sentence;
    const thought = sequence([textWithout(ends, tokenizer), oneOf(ends), space, answer]);
    return opening === 'open thought' ? thought : choice([sequence([oneOf(begins), thought]), answer]);
  });
}

/** The grammar with something before its sentences. */
export function inFront({ rules }: Grammar, before: (sentence: Item) => Item): Grammar {
  const start = rules.length; // where rule 0 goes to
  const moved = (item: Item): Item => {
    if ('items' in item) return { ...item, items: item.items.map(moved) };
    if ('item' in item) return { ...item, item: moved(item.item) };
    return item.kind === 'rule' && item.rule === 0 ? { kind: 'rule', rule: start } : item;
  };
  const [first, ...others] = rules.map(moved);
  return { rules: [before({ kind: 'rule', rule: start }), ...others, first!] };
}

/** Messages of other channels may stand in between, but not any number of them. */
const MAX_GAPS = 3;

/** White space that templates write behind a mark. */
const space: Item = { kind: 'text', regular: repeat(either([...' \t\r\n'].map(literal)), 0, 8) };

const sequence = (items: readonly Item[]): Item => ({ kind: 'sequence', items });
const choice = (items: readonly Item[]): Item => ({ kind: 'choice', items });

function spelled({ elements }: Mark, tokenizer: Tokenizer): Item {
  const item = (element: string): Item => {
    const token = tokenizer.addedTokenOf(element);
    return token === undefined ? { kind: 'text', regular: literal(element) } : { kind: 'token', token };
  };
  return sequence(elements.map(item));
}

/** What a model may think: any text up to a mark. One that begins with a token ends the thought as that token alone. */
function textWithout(marks: readonly Mark[], tokenizer: Tokenizer): Item {
  const any = repeat(anyChar, 0);
  const texts = marks.map(({ elements }) => elements[0]!).filter((text) => tokenizer.addedTokenOf(text) === undefined);
  const without = texts.map((text) => not(inside(any, literal(text))));
  return { kind: 'text', regular: both([any, ...without]) };
}

const inside = (around: Regular, text: Regular): Regular => sequenceOf(around, text, around);
