import type { GpuObject } from '../platform/gpu.ts';
import type { Port } from '../platform/platform.ts';
import {
  NO_CALL,
  OWN_SESSION,
  plainError,
  type CallName,
  type Calls,
  type FromEngine,
  type ToEngine,
} from '../protocol/messages.ts';
import { handlerOf } from './calls.ts';
import { EngineState } from './engine_state.ts';
import { tellFiles } from './files.ts';

/**
 * The engine's side of the border: one model, its sessions, and calls. Calls on one session run one after another, those on different
 * sessions at the same time; a cancel message reaches a running call at its next `tick`.
 */
class Server {
  private readonly port: Port;
  private readonly engine: EngineState;
  private readonly cancels = new Map<number, AbortController>();
  /** The last call of each lane. */
  private readonly tails = new Map<unknown, Promise<unknown>>();
  /** The calls under way; others wait. */
  private readonly running = new Set<number>();

  constructor(port: Port, gpu: GpuObject | undefined) {
    this.port = port;
    this.engine = new EngineState((reason) => this.die(reason), gpu);
  }

  receive(message: ToEngine): void {
    if (message.call === 'cancel') return this.cancel(message.id);
    if (this.saveAtOnce(message)) return;
    const { id, call, args } = message;
    const cancel = new AbortController();
    this.cancels.set(id, cancel);
    if (call === 'closeSession') this.engine.willClose(args.session);
    this.queue(laneOf(message), () => this.handle(id, call, args, cancel.signal));
  }

  /** Begins when what is in the way is over: calls of the lane, one that has to be alone, or, of such a one, all. */
  private queue(lane: unknown, work: () => Promise<void>): void {
    const before = [...this.tails].filter(([other]) => other === lane || other === 'all' || lane === 'all');
    const tail = Promise.all(before.map(([, ended]) => ended)).then(work);
    this.tails.set(lane, tail);
    void tail.finally(() => this.tails.get(lane) === tail && this.tails.delete(lane));
  }

  private cancel(id: number): void {
    const cancel = this.cancels.get(id);
    cancel?.abort();
    if (!cancel || this.running.has(id)) return;
    this.cancels.delete(id); // a call that waits need not wait to be stopped
    this.post({ id, error: plainError(cancel.signal.reason) });
  }

  private async handle<K extends CallName>(id: number, call: K, args: Calls[K]['args'], signal: AbortSignal) {
    if (signal.aborted) return; // it has its answer
    this.running.add(id);
    try {
      const emit = (event: Calls[K]['event']) => this.post({ id, event });
      if ('files' in args) tellFiles(args.files); // first: what the call does may be in one of them
      const handler = await handlerOf(call);
      const result = await handler(this.engine, args, { signal, emit });
      this.post({ id, result });
    } catch (error) {
      const isLast = this.engine.isDead;
      this.post({ id, error: plainError(error), isLast });
      if (isLast) this.giveBack();
    } finally {
      this.cancels.delete(id);
      this.running.delete(id);
    }
  }

  /** Says why nothing works any more, without being asked. */
  private die(reason: Error): void {
    this.post({ id: NO_CALL, error: plainError(reason), isLast: true });
    this.giveBack();
  }

  /** Where the engine runs in the caller's thread, nobody else gives back what it holds. */
  private giveBack(): void {
    this.engine.close().catch(() => undefined);
  }

  /** A text can be saved at once, whatever is under way: an answer stands still while messages arrive. */
  private saveAtOnce(message: ToEngine): boolean {
    if (message.call !== 'saveSession' || message.args.state !== false) return false;
    const { id, args } = message;
    const session = this.engine.sessionToSave(args.session);
    if (!session && args.session !== OWN_SESSION) return false;
    const saved = session?.save(args) ?? Promise.reject(new TypeError('it is not clear which answer to save'));
    saved.then(
      (result) => this.post({ id, result }),
      (error) => this.post({ id, error: plainError(error) }),
    );
    return true;
  }

  /** Bytes change hands instead of being copied: the thread that gets them should not be kept from other work. */
  private post(message: FromEngine): void {
    const { event, result = event } = message as { readonly event?: unknown; readonly result?: unknown };
    const bytes = (result as { bytes?: unknown } | undefined)?.bytes ?? result;
    this.port.post(message, ArrayBuffer.isView(bytes) ? [bytes.buffer as ArrayBuffer] : []);
  }
}

/** Calls that want to be alone, and those that share a program. */
const lanes: { readonly [K in CallName]?: string } = {
  open: 'all',
  close: 'all',
  probe: 'all',
  embed: 'texts',
  rank: 'texts',
  tasks: 'texts',
};

/** What a call must not run beside: others of its lane; with `all`, any others. Calls of one session follow each other. */
function laneOf({ call, args }: Exclude<ToEngine, { call: 'cancel' }>): unknown {
  const { session } = args as { readonly session?: number };
  return lanes[call] ?? (session || Symbol()); // calls of `model.generate` find a session each
}

/** Answers the calls that come through a port. @param gpu the caller's own, where the engine runs in its thread */
export function serve(port: Port, gpu?: GpuObject): void {
  const server = new Server(port, gpu);
  port.onMessage((message) => server.receive(message as ToEngine));
  port.post({ id: NO_CALL, event: 'started' });
}
