/**
 * The script of all threads that a page starts. It is one, because bundlers put small scripts into the page as data: URLs, and a thread
 * from there shares no memory.
 */
import { compute } from '../backends/wasm/compute_worker.ts';
import { COMPUTE_THREAD } from '../engine/create_backend.ts';
import { serve } from '../engine/worker.ts';
import { ENGINE_THREAD } from '../protocol/messages.ts';
import { host, threadName } from '#platform';

const name = threadName();
if (name === COMPUTE_THREAD) compute();
else if (name === ENGINE_THREAD) serve(host());

/** For a caller whose own thread it should run in. */
export { serve };
