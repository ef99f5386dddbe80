import { randomSeed } from '../base/numbers.ts';
import { Messages } from '../chat/harmony/messages.ts';
import { Parts, type AnswerPart, type MarkedText } from '../chat/parts.ts';
import type { Thoughts } from '../chat/thoughts.ts';
import { callsOf } from '../chat/tools/done_calls.ts';
import { formatNamed } from '../chat/tools/formats.ts';
import { Calls } from '../chat/tools/reader.ts';
import { toolsOf } from '../chat/tools/tool.ts';
import type { CallsEvent, GenerateEvent } from '../protocol/generation.ts';
import type { EventReader, PartTeller } from './event_reader.ts';
import type { Sink } from './generation.ts';

/** An id as all templates take it: nine letters and digits. */
const newId = (): string => (randomSeed().toString(36) + randomSeed().toString(36)).padStart(9, '0').slice(-9);

const noThoughts: Thoughts = { marks: [], tokens: [] };

/** Tells the calls of an answer from its text, and both from its thoughts. */
export function createCallReader(thoughts: Thoughts = noThoughts, way: CallsEvent, sink: Sink): EventReader {
  const all: AnswerPart[] = [];
  const teller = way.format === 'harmony' ? messagesTeller(thoughts) : marksTeller(thoughts, way);
  const inline = inlineOf(thoughts);
  const say = (said: readonly AnswerPart[]): void => {
    for (const part of said) all.push(part);
    if (said.length > 0) sink.said({ text: said.map(inline).join(''), parts: said });
  };
  return {
    event(event: GenerateEvent) {
      if (event.type === 'prefill') sink.prefill(event.nDone, event.nTotal);
      if (event.type === 'before') teller.startAfter(event, event);
      if (event.type !== 'piece') return;
      if (event.scored) sink.scored(event.scored);
      say(teller.push(event));
    },
    end(result) {
      const { stopReason } = result;
      say(teller.end(stopReason === 'eos'));
      const toolCalls = callsOf([...teller.begun, ...all], stopReason === 'eos' || stopReason === 'stop');
      return { ...result, text: all.map(inlineOf(thoughts)).join(''), toolCalls };
    },
  };
}

/** Tells calls as well. */
interface CallTeller extends PartTeller {
  /** What was told before of the call that the answer was cut off in. */
  readonly begun: readonly AnswerPart[];
}

function messagesTeller({ tokens }: Thoughts): CallTeller {
  const messages = new Messages({ tokens, newId });
  let begun: readonly AnswerPart[] = [];
  return {
    get begun() {
      return begun;
    },
    startAfter: (before, how) => (begun = messages.startAfter(before, how)),
    push: (text) => messages.push(text),
    end: (isWhole) => messages.end(isWhole),
  };
}

function marksTeller(thoughts: Thoughts, { format, tokens, tools, before: saidBefore }: CallsEvent): CallTeller {
  const newParts = () => (thoughts.isHarmony ? new Messages(thoughts) : new Parts(thoughts, { hasCalls: true }));
  const parts = newParts();
  const newCalls = () => new Calls({ format: formatNamed(format), tokens, tools: toolsOf(tools), newId });
  const calls = newCalls();
  const told = toldBy(calls);
  let begun: readonly AnswerPart[] = [];
  if (saidBefore) {
    const before = newParts();
    const said = [...before.push(saidBefore), ...before.end(true)];
    const [heard, itself] = [told(said), newCalls()];
    const atItsEnd = [...toldBy(itself)(said), ...itself.end()];
    calls.goOn(nCharsOf(atItsEnd) - nCharsOf(heard));
    const nWhole = callsOf(atItsEnd, false).length;
    begun = heard.filter((part) => part.type === 'tool_call' && part.index >= nWhole);
  }
  return {
    begun,
    startAfter: (before, how) => parts.startAfter(before, how),
    push: (text) => told(parts.push(text)),
    end: (isWhole) => [...told(parts.end(isWhole)), ...calls.end()],
  };
}

/** Tells calls from text; thoughts stay what they are. */
function toldBy(calls: Calls): (said: readonly (AnswerPart & Pick<MarkedText, 'marks'>)[]) => AnswerPart[] {
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
