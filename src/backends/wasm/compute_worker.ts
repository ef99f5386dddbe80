import { host } from '#platform';
import { abortRun, CONTROL_AT, type ComputeJob } from './control.ts';
import { instantiate } from './kernels.ts';

/**
 * A compute thread. One message brings it everything it needs; from then on it stays inside `follow`, driven by words in
 * the shared memory alone, until the pool is closed.
 */
const port = host();

port.onMessage((message) => {
  const { module, memory, scratch, dotKind, generation } = message as ComputeJob;
  try {
    const { exports } = instantiate(module, memory);
    exports['set_scratch']!(scratch);
    exports['set_dot_kind']!(dotKind);
    port.post('ready');
    exports['follow']!(CONTROL_AT, generation);
  } catch (error) {
    abortRun(memory);
    throw error;
  }
});
