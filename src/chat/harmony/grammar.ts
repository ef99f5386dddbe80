/**
 * The grammar of a Harmony answer: thoughts on the channel `analysis`, words to the user on `commentary`, and last what it comes to, an answer
 * on `final` or a call. https://github.com/openai/harmony, docs/format.md
 */
import type { Grammar, Item } from '../../grammar/grammar.ts';
import { any, inOrder, maybe, none, oneOf, Rules, text, without, word } from '../tools/pieces.ts';
import { controls } from './control_tokens.ts';

/** What an answer may come to. */
export interface Outcome {
  /** The content of the channel `final`; undefined where the answer has to call. */
  readonly final: Item | undefined;
  /** It is held to something: nothing is said beside it. */
  readonly isHeld: boolean;
  readonly calls: readonly { readonly name: string; readonly json: Item }[];
}

/** So many thoughts and words may stand before the answer: one that begins another and another never comes to it. */
const MAX_BEFORE = 8;

/** Behind `<|start|>assistant`, which the prompt ends with. */
export function messages(rules: Rules, { final, isHeld, calls }: Outcome): Item {
  const typed = oneOf([none, word(' json'), inOrder([maybe(word(' ')), rules.mark('<|constrain|>json')])]);
  const type = rules.rule(typed);
  const content = rules.mark('<|message|>');
  const said = (channel: string): Item =>
    inOrder([rules.mark(`<|channel|>${channel}<|message|>`), anything(rules), next(rules)]);
  const before = oneOf([said('analysis'), ...(isHeld ? [] : [said('commentary')])]);
  const answer = final && inOrder([rules.mark('<|channel|>final'), isHeld ? type : none, content, final]);
  const made = calls.map(({ name, json }) => {
    const recipient = word(` to=functions.${name}`);
    const channel = inOrder([rules.mark('<|channel|>'), oneOf([word('commentary'), word('analysis')])]);
    const header = oneOf([inOrder([recipient, channel]), inOrder([channel, recipient])]);
    return inOrder([header, type, content, json]);
  });
  return inOrder([
    { kind: 'repeat', item: before, min: 0, max: MAX_BEFORE },
    oneOf([...(answer ? [answer] : []), ...made]),
  ]);
}

/**
 * What may stand before the end of an answer: nothing, a thought in a message of its own, or the end of one that the prompt has opened.
 */
type Opening = 'none' | 'thought' | 'open thought';

/**
 * An answer that is held to a grammar.
 * @param isMessages its sentences are messages; else they are the content of the last one
 */
export function inMessages(
  grammar: Grammar,
  { opening, isMessages }: { readonly opening: Opening; readonly isMessages: boolean },
  tokenOf: (text: string) => number | undefined,
): Grammar {
  const tokens = controls.map((control) => `<|${control}|>`).filter((piece) => tokenOf(piece) !== undefined);
  const rules = new Rules(tokens, tokenOf, false);
  const sentence = rules.embedded(grammar);
  const all = isMessages ? sentence : messages(rules, { final: sentence, isHeld: true, calls: [] });
  const further = inOrder([next(rules), all]);
  if (opening === 'thought') rules.rules[0] = all;
  else rules.rules[0] = inOrder([anything(rules), opening === 'none' ? maybe(further) : further]);
  return { rules: rules.rules };
}

const next = (rules: Rules): Item => rules.mark('<|end|><|start|>assistant');

/** Text that ends no message. */
export const anything = (rules: Rules): Item =>
  text(without(rules.letters(controls.map((control) => `<|${control}|>`)), any));
