import { UnsupportedError } from '../base/errors.ts';
import type { GpuObject } from './gpu.ts';

/** The parts of a thread's globals that tell. */
export interface GpuScope {
  readonly navigator: { readonly gpu?: GpuObject };
  readonly isSecureContext?: boolean;
}

/** Browsers give WebGPU to secure pages only, and some to none yet. */
export function findGpu({ navigator, isSecureContext }: GpuScope): GpuObject {
  if (navigator.gpu) return navigator.gpu;
  if (isSecureContext === false) {
    const why = 'this page has no WebGPU, because it is not secure';
    throw new UnsupportedError(
      `${why}; serve it with https, or from localhost, or open the model with backend: 'wasm'`,
    );
  }
  const need = 'Chrome or Edge 121, Safari 26, Firefox 141 on Windows or 145 on a Mac';
  throw new UnsupportedError(
    `this browser has no WebGPU, or has it switched off; it comes with ${need}; else open the model with backend: 'wasm'`,
  );
}
