import { serve } from '../engine/worker.ts';
import { ENGINE_THREAD } from '../protocol/messages.ts';
import { host, threadName } from '#platform';

if (threadName() === ENGINE_THREAD) serve(host());

/** For a caller whose own thread it should run in. */
export { serve };
