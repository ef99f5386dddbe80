import { UnsupportedError } from '../../base/errors.ts';
import type { KernelCheck } from '../../platform/gpu.ts';
import type { Call } from './calls.ts';
import { kernelTitle } from './pipelines.ts';
import { checkCall, type CheckHome } from './self_check.ts';

/** The most by which a kernel's numbers may differ: twice what halves in a cache make. A kernel that is wrong differs by far more. */
const TOLERANCE = 4e-3;

/** How calls are checked, and what their kernels are called. */
export interface CheckedCalls extends CheckHome {
  readonly calls: readonly Call[];
  /** Calls of the same pipeline have the same key. */
  readonly keyOf: (call: Call) => string;
}

/** Checks every pipeline of these calls. */
export async function checkKernels({ calls, keyOf, ...home }: CheckedCalls): Promise<KernelCheck[]> {
  const byKey = new Map(calls.map((call) => [keyOf(call), call]));
  const checks = new Map<string, KernelCheck>();
  for (const call of byKey.values()) {
    const kernel = kernelTitle(call.kernel);
    const { error, failure } = await checkCall(call, home);
    const before = checks.get(kernel);
    checks.set(kernel, {
      kernel,
      nPipelines: (before?.nPipelines ?? 0) + 1,
      error: failure === undefined ? Math.max(error, before?.error ?? 0) : before?.error,
      refused: before?.refused ?? whyRefused(error, failure, call.tolerance ?? TOLERANCE),
    });
  }
  return [...checks.values()];
}

function whyRefused(error: number, failure: string | undefined, tolerance: number): string | undefined {
  if (failure !== undefined) return `it does not run: ${failure}`;
  return error <= tolerance ? undefined : `its numbers are wrong by ${(100 * error).toPrecision(2)} %`;
}

/** @throws UnsupportedError where a kernel that nothing can take the place of was refused. */
export function failIfRefused(checks: readonly KernelCheck[], device: string): void {
  const bad = checks.find(({ refused }) => refused !== undefined);
  if (!bad) return;
  throw new UnsupportedError(
    `the kernel ${bad.kernel} cannot be used on ${device}: ${bad.refused}; open the model with backend: 'wasm'`,
  );
}
