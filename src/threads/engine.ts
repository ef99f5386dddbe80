import { serve } from '../engine/worker.ts';

serve();
