import { host } from '#platform';
import { abortRun, CONTROL_AT, type ComputeJob } from './control.ts';
import { instantiate } from './kernels.ts';

/**
 * A compute thread. One message brings it everything it needs; from then on it stays inside `follow`, driven by words in
 * the shared memory alone, until the pool is closed.
 */
export function compute(): void {
  const port = host();
  port.onMessage((message) => {
    const { modules, memory, start, generation } = message as ComputeJob;
    try {
      const { exports, begin } = instantiate(modules, memory);
      begin(start);
      port.post('ready');
      exports['follow']!(CONTROL_AT, generation);
    } catch (error) {
      abortRun(memory);
      throw error;
    }
  });
}
