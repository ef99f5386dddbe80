import { randomSeed } from '../base/numbers.ts';
import { Parts, type AnswerPart, type MarkedText } from '../chat/parts.ts';
import type { Thoughts } from '../chat/thoughts.ts';
import { callsOf } from '../chat/tools/done_calls.ts';
import { formatNamed } from '../chat/tools/formats.ts';
import { Calls } from '../chat/tools/reader.ts';
import { toolsOf } from '../chat/tools/tool.ts';
import type { CallsEvent, GenerateEvent } from '../protocol/generation.ts';
import type { EventReader } from './event_reader.ts';
import type { Sink } from './generation.ts';

/** An id as all templates take it: nine letters and digits. */
const newId = (): string => (randomSeed().toString(36) + randomSeed().toString(36)).padStart(9, '0').slice(-9);

const noThoughts: Thoughts = { marks: [], tokens: [] };

/** Tells the calls of an answer from its text, and both from its thoughts. */
export function createCallReader(thoughts: Thoughts = noThoughts, way: CallsEvent, sink: Sink): EventReader {
  const all: AnswerPart[] = [];
  let begun: readonly AnswerPart[] = []; // of the call that the answer was cut off in
  const parts = new Parts(thoughts, { hasCalls: true });
  const newCalls = () =>
    new Calls({ format: formatNamed(way.format), tokens: way.tokens, tools: toolsOf(way.tools), newId });
  const calls = newCalls();
  const told = toldBy(calls);
  const inline = inlineOf(thoughts);
  const say = (said: readonly AnswerPart[]): void => {
    for (const part of said) all.push(part);
    if (said.length > 0) sink.said({ text: said.map(inline).join(''), parts: said });
  };
  if (way.before) {
    const before = new Parts(thoughts, { hasCalls: true });
    const said = [...before.push(way.before), ...before.end()];
    const [heard, itself] = [told(said), newCalls()];
    const atItsEnd = [...toldBy(itself)(said), ...itself.end()];
    calls.goOn(nCharsOf(atItsEnd) - nCharsOf(heard));
    const nWhole = callsOf(atItsEnd, false).length;
    begun = heard.filter((part) => part.type === 'tool_call' && part.index >= nWhole);
  }
  return {
    event(event: GenerateEvent) {
      if (event.type === 'prefill') sink.prefill(event.nDone, event.nTotal);
      if (event.type === 'before') parts.startAfter(event, event);
      if (event.type !== 'piece') return;
      if (event.scored) sink.scored(event.scored);
      say(told(parts.push(event)));
    },
    end(result) {
      say(told(parts.end()));
      say(calls.end());
      const isWhole = result.stopReason === 'eos' || result.stopReason === 'stop';
      return { ...result, text: all.map(inlineOf(thoughts)).join(''), toolCalls: callsOf([...begun, ...all], isWhole) };
    },
  };
}

/** Tells calls from text; thoughts stay what they are. */
function toldBy(calls: Calls): (said: readonly (AnswerPart & MarkedText)[]) => AnswerPart[] {
  let nChars = 0;
  const push = ({ text, marks = [] }: MarkedText): AnswerPart[] => {
    const before = nChars;
    nChars += text.length;
    return calls.push({ text, marks: marks.map((at) => at + before) });
  };
  return (said) => said.flatMap((part) => (part.type === 'text' ? push(part) : [part]));
}

const nCharsOf = (parts: readonly AnswerPart[]): number =>
  parts.reduce((sum, part) => sum + (part.type === 'text' ? part.text.length : 0), 0);

/** Parts as one text: thoughts between their marks, calls not at all. */
function inlineOf({ marks }: Thoughts): (part: AnswerPart) => string {
  let isThinking = false;
  const between = (to: 'thinking' | 'text') =>
    marks.find((mark) => mark.to === to && mark.inside !== to)?.elements.join('') ?? '';
  return (part) => {
    if (part.type === 'tool_call') return '';
    if (isThinking === (part.type === 'thinking')) return part.text;
    isThinking = !isThinking;
    return isThinking ? `${between('thinking')}\n${part.text}` : `\n${between('text')}\n\n${part.text}`;
  };
}
