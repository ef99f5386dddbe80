import type { Thoughts } from '../chat/thoughts.ts';
import type { GenerateEvent } from '../protocol/generation.ts';
import type { EventReader } from './event_reader.ts';
import type { Sink } from './generation.ts';

/**
 * Turns the events of an answer into what is said. How thoughts are told apart is loaded for models that have some, how calls of tools are
 * for answers that may have some.
 */
export async function createPartReader(thoughts: Thoughts | undefined, sink: Sink): Promise<EventReader> {
  const teller = thoughts && new (await import('../chat/parts.ts')).Parts(thoughts);
  let calls: Promise<EventReader> | undefined;
  let failed: Error | undefined;
  const event = (event: GenerateEvent): void => {
    if (event.type === 'prefill') sink.prefill(event.nDone, event.nTotal);
    if (event.type === 'before') teller?.startAfter(event, event);
    if (event.type !== 'piece') return;
    if (event.scored) sink.scored(event.scored);
    sink.said({ text: event.text, parts: teller?.push(event) ?? [{ type: 'text', text: event.text }] });
  };
  return {
    event(came) {
      if (failed) throw failed; // ends the call
      if (came.type === 'calls')
        calls = import('./call_reader.ts').then(({ createCallReader }) => createCallReader(thoughts, came, sink));
      else if (calls) calls = calls.then((reader) => (reader.event(came), reader));
      else event(came);
      calls?.catch((error: Error) => (failed = error));
    },
    async end(result) {
      if (calls) return (await calls).end(result);
      const parts = teller?.end();
      if (parts?.length) sink.said({ text: '', parts });
      return result;
    },
  };
}
