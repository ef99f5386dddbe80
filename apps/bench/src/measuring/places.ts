import type { Places } from '../../../../bench/measure/host.ts';
import limitsWorker from '../../../../bench/measure/limits_worker.ts?worker&url';
import limitsRelaxed from '../../../../bench/dist/limits.relaxed.wasm?url';
import limitsSimd from '../../../../bench/dist/limits.simd.wasm?url';
import relaxed from '../../../../dist/thimble.relaxed.wasm?url';
import relaxedMore from '../../../../dist/thimble.relaxed.more.wasm?url';
import simd from '../../../../dist/thimble.simd.wasm?url';
import simdMore from '../../../../dist/thimble.simd.more.wasm?url';
import engine from '../../../../dist/web/engine.js?url';

const address = (file: string): string => new URL(file, location.href).href;

/** Vite puts the files where it likes; the page tells its workers. */
export const places: Places = {
  compute: address(engine),
  kernels: {
    simd: address(simd),
    'simd.more': address(simdMore),
    relaxed: address(relaxed),
    'relaxed.more': address(relaxedMore),
  },
  limits: { simd: address(limitsSimd), relaxed: address(limitsRelaxed) },
  limitsWorker: address(limitsWorker),
};
