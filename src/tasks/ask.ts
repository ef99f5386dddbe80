/** One question to a model, whose answer is text without thoughts. */
import type { Model } from '../api/model.ts';
import type { ChatMessage } from '../chat/conversation.ts';
import { thinkingVars } from '../chat/thinking_vars.ts';
import type { StopReason } from '../protocol/generation.ts';
import type { SamplerOptions } from '../sampling/options.ts';
import type { CountTokens } from './pieces.ts';

/** What the model should do, and the text that it should do it to. */
export interface Question {
  readonly instruction: string;
  readonly text: string;
  /** Both stand in the user's message: small models then mind the one more. */
  readonly isJoined?: boolean;
}

export interface AskOptions {
  readonly maxTokens: number;
  readonly sampling: SamplerOptions;
  readonly signal: AbortSignal;
  /** What comes behind the answer's first line is not part of it. */
  readonly oneLine?: boolean;
}

export interface Answered {
  readonly text: string;
  readonly stopReason: StopReason;
}

/** Models that think would think about each piece. Templates that know none of these pass them over. */
const noThoughts = thinkingVars(false);

/** Whether a model's template takes a system message; some refuse it. */
const takesSystem = new WeakMap<Model, Promise<boolean>>();

const canTakeSystem = (model: Model): Promise<boolean> => {
  const known = takesSystem.get(model);
  if (known) return known;
  const system: ChatMessage = { role: 'system', content: 'x' };
  const tried = model.tokenize([system, { role: 'user', content: 'x' }]).then(
    () => true,
    () => false,
  );
  takesSystem.set(model, tried);
  return tried;
};

/** A question as a conversation. */
export async function promptOf(model: Model, { instruction, text, isJoined = false }: Question) {
  const messages: ChatMessage[] =
    !isJoined && (await canTakeSystem(model))
      ? [
          { role: 'system', content: instruction },
          { role: 'user', content: text },
        ]
      : [{ role: 'user', content: `${instruction}\n\n${text}` }];
  return { messages, templateVars: noThoughts };
}

/** The answer as it comes, without white space around it. */
export async function* answerOf(
  model: Model,
  question: Question,
  options: AskOptions,
): AsyncGenerator<string, Answered> {
  const { maxTokens, sampling, signal, oneLine = false } = options;
  const answer = model.generate(await promptOf(model, question), { ...sampling, maxTokens, signal, thinking: 'split' });
  let text = '';
  let space = '';
  for await (const part of answer) {
    if (part.type !== 'text') continue;
    const said = text === '' ? part.text.trimStart() : space + part.text;
    const line = oneLine ? said.split('\n', 1)[0]! : said;
    const words = line.trimEnd();
    space = line.slice(words.length);
    if (words !== '') yield words;
    text += words;
    if (line !== said) return { text, stopReason: 'eos' }; // leaving the loop stops the work
  }
  const { stopReason } = await answer.result;
  signal.throwIfAborted();
  return { text, stopReason };
}

/** Texts that are counted at a time: each is a call of the engine. */
const COUNTED_AT_ONCE = 256;

/** How many tokens texts have in a model. */
export const counterOf =
  (model: Model): CountTokens =>
  async (texts) => {
    const count = async (text: string) => (text === '' ? 0 : (await model.tokenize({ text })).length);
    const counts: number[] = [];
    for (let at = 0; at < texts.length; at += COUNTED_AT_ONCE)
      for (const n of await Promise.all(texts.slice(at, at + COUNTED_AT_ONCE).map(count))) counts.push(n);
    return counts;
  };

/** Why an answer ended although the model had not ended it. */
export const isCut = (stopReason: StopReason): boolean => stopReason !== 'eos';
