import type { Thoughts } from '../chat/thoughts.ts';
import type { GenerateEvent } from '../protocol/generation.ts';
import type { Sink } from './generation.ts';

/** Takes the engine's events of an answer. */
export interface EventReader {
  event(event: GenerateEvent): void;
  /** The answer has ended: what was waiting for more is handed on. */
  end(): void;
}

/** Turns the events of an answer into what is said. How thoughts are told apart is loaded for models that have some. */
export async function createPartReader(thoughts: Thoughts | undefined, sink: Sink): Promise<EventReader> {
  if (!thoughts) {
    return {
      event(event) {
        if (event.type === 'prefill') sink.prefill(event.nDone, event.nTotal);
        if (event.type !== 'piece') return;
        const { text, scored } = event;
        if (scored) sink.scored(scored);
        sink.said({ text, parts: [{ type: 'text', text }] });
      },
      end: () => undefined,
    };
  }
  const { Parts } = await import('../chat/parts.ts');
  const parts = new Parts(thoughts);
  return {
    event(event) {
      if (event.type === 'prefill') sink.prefill(event.nDone, event.nTotal);
      if (event.type === 'before') parts.startAfter(event, event);
      if (event.type !== 'piece') return;
      if (event.scored) sink.scored(event.scored);
      sink.said({ text: event.text, parts: parts.push(event) });
    },
    end: () => sink.said({ text: '', parts: parts.end() }),
  };
}
