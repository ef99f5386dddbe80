import { orAborted } from '../base/signals.ts';
import type { CallHooks, EngineClient } from './engine_client.ts';
import type { CallName, Calls } from '../protocol/messages.ts';
import { callSite } from './call_site.ts';

/** The engine of an opened model: a thread, and another one with the same model where that has died. */
export class Engine {
  private client: EngineClient;
  private readonly open: () => Promise<EngineClient>;
  private opening: Promise<EngineClient> | undefined;
  private closed: Error | undefined;

  /** @param open opens the model in a new thread */
  constructor(client: EngineClient, open: () => Promise<EngineClient>) {
    this.client = client;
    this.open = open;
  }

  /** The thread that lives. Where the last one has died, the model is opened again first. */
  async living(): Promise<EngineClient> {
    if (this.closed || !this.client.isDead) return this.client;
    this.opening ??= this.open().finally(() => (this.opening = undefined));
    const client = await this.opening;
    if (this.closed) await client.close(this.closed);
    return (this.client = client);
  }

  call<K extends CallName>(name: K, args: Calls[K]['args'], hooks: CallHooks<K> = {}): Promise<Calls[K]['result']> {
    const here = { site: callSite(), ...hooks };
    if (this.closed || !this.client.isDead) return this.client.call(name, args, here);
    const living = hooks.signal ? orAborted(this.living(), hooks.signal) : this.living();
    return living.then((client) => client.call(name, args, here));
  }

  /** Calls still open fail with `reason`, and later ones. */
  close(reason: Error): Promise<void> {
    this.closed = reason;
    return this.client.close(reason);
  }
}
