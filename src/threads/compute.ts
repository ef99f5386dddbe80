import { compute } from '../backends/wasm/compute_worker.ts';

compute();
