import type { CallName, Calls } from '../protocol/messages.ts';
import type { EngineState } from './engine_state.ts';

/** What a running call can do beside returning. */
export interface Running<K extends CallName> {
  readonly signal: AbortSignal;
  emit(event: Calls[K]['event']): void;
}

export type Handler<K extends CallName> = (
  engine: EngineState,
  args: Calls[K]['args'],
  running: Running<K>,
) => Promise<Calls[K]['result']>;

/** What programs ask for that want answers. */
export type Usual = 'open' | 'openSession' | 'closeSession' | 'generate' | 'tokenize' | 'detokenize' | 'close';

/** The others. */
export type MoreHandlers = { readonly [K in Exclude<CallName, Usual>]: Handler<K> };
