import { asError } from '../base/errors.ts';
import type { GpuObject } from '../platform/gpu.ts';
import type { Port, WorkerHandle } from '../platform/platform.ts';

/** The engine's script, as a module. */
interface EngineScript {
  serve(port: Port, gpu: GpuObject): void;
}

/** Node's ports can let a process end. */
type NodePort = MessagePort & { ref?(): void; unref?(): void };

/**
 * An engine in the caller's thread, for a GPU object of the caller's, which cannot cross to another one. It is called through a channel, as
 * one in a thread of its own is.
 */
export function engineHere(script: URL, gpu: GpuObject): WorkerHandle {
  const { port1, port2 } = new MessageChannel() as { readonly port1: NodePort; readonly port2: NodePort };
  const serving = import(/* @vite-ignore */ /* webpackIgnore: true */ script.href).then((loaded: EngineScript) => {
    loaded.serve(portOf(port2), gpu);
    port2.unref?.();
  });
  return {
    ...portOf(port1),
    onDeath: (listener) => void serving.catch((error: unknown) => listener(asError(error), true)),
    terminate: async () => port1.close(),
    keepAlive: (alive) => (alive ? port1.ref?.() : port1.unref?.()),
  };
}

const portOf = (port: MessagePort): Port => ({
  post: (message, transfer = []) => port.postMessage(message, [...transfer]),
  onMessage(listener) {
    port.addEventListener('message', ({ data }) => listener(data));
    port.start();
  },
});
