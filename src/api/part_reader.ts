import type { Thoughts } from '../chat/thoughts.ts';
import type { EventReader, PartTeller } from './event_reader.ts';
import type { Sink } from './generation.ts';

async function tellerOf(thoughts: Thoughts): Promise<PartTeller> {
  if (thoughts.isHarmony) return new (await import('../chat/harmony/messages.ts')).Messages(thoughts);
  return new (await import('../chat/parts.ts')).Parts(thoughts);
}

/**
 * Turns the events of an answer into what is said. How thoughts are told apart is loaded for models that have some, how calls of tools are
 * for answers that may have some.
 */
export async function createPartReader(thoughts: Thoughts | undefined, sink: Sink): Promise<EventReader> {
  const teller = thoughts && (await tellerOf(thoughts));
  let calls: Promise<EventReader> | undefined;
  let failed: Error | undefined;
  return {
    event(came) {
      if (failed) throw failed; // ends the call
      if (came.type === 'calls')
        calls = import('./call_reader.ts').then(({ createCallReader }) => createCallReader(thoughts, came, sink));
      else if (calls) calls = calls.then((reader) => (reader.event(came), reader));
      else if (came.type === 'prefill') sink.prefill(came.nDone, came.nTotal);
      else if (came.type === 'before') teller?.startAfter(came, came);
      else if (came.type === 'piece') {
        if (came.scored) sink.scored(came.scored);
        sink.said({ text: came.text, parts: teller?.push(came) ?? [{ type: 'text', text: came.text }] });
      }
      calls?.catch((error: Error) => (failed = error));
    },
    async end(result) {
      if (calls) return (await calls).end(result);
      const parts = teller?.end(result.stopReason === 'eos');
      if (parts?.length) sink.said({ text: '', parts });
      return result;
    },
  };
}
