import { UnsupportedError } from '../../base/errors.ts';
import type { KernelCheck } from '../../platform/gpu.ts';
import type { Call } from './calls.ts';
import { BEGUN } from './fusions.ts';
import { JOINED } from './joins.ts';
import { SMALL_TILES } from './lower_attention.ts';
import { kernelTitle, pipelineKey, shapeOf } from './pipelines.ts';
import { checkCall, type Checked, type CheckHome } from './self_check.ts';

/** The most by which a kernel's numbers may differ: twice what halves in a cache make. A kernel that is wrong differs by far more. */
const TOLERANCE = 4e-3;

/** Calls that are checked, and what takes the place of those that are wrong. */
export interface CheckedCalls {
  /** All calls, of the kernels that are in use now. */
  readonly calls: () => readonly Call[];
  /** Takes a call's kernel out of use. Whether another one is in use now. */
  readonly refuse: (call: Call) => boolean;
  /** Names the device. */
  readonly device: string;
}

/**
 * Checks every pipeline of these calls with each shape of matrix, until all that are in use are right.
 * @throws UnsupportedError where one is wrong that nothing can take the place of
 */
export async function checkKernels({ calls, refuse, device }: CheckedCalls, home: CheckHome): Promise<KernelCheck[]> {
  const checks = new Map<string, KernelCheck>();
  const known = new Set<string>();
  let left = [...calls()];
  for (let call: Call | undefined; (call = left.shift());) {
    const key = `${pipelineKey(call.kernel)} ${shapeOf(call.kernel).join()}`;
    if (known.has(key)) continue;
    known.add(key);
    const kernel = titleOf(call);
    const check = checkOf(kernel, call, await checkCall(call, home), checks.get(kernel));
    checks.set(kernel, check);
    if (check.refused === undefined) continue;
    if (!refuse(call))
      throw new UnsupportedError(
        `the kernel ${kernel} cannot be used on ${device}: ${check.refused}; open the model with backend: 'wasm'`,
      );
    left = [...calls()]; // with others in its place
  }
  return [...checks.values()];
}

/** Some variants are made by the same kernel as others. */
const titleOf = ({ kernel, variant = '' }: Call): string =>
  [JOINED, SMALL_TILES, BEGUN].includes(variant) ? `${kernelTitle(kernel)}, ${variant}` : kernelTitle(kernel);

/** What is known of a kernel when one more of its pipelines was checked. */
function checkOf(kernel: string, call: Call, checked: Checked, before: KernelCheck | undefined): KernelCheck {
  const { error, failure } = checked;
  return {
    kernel,
    nPipelines: (before?.nPipelines ?? 0) + 1,
    error: failure === undefined ? Math.max(error, before?.error ?? 0) : before?.error,
    refused: before?.refused ?? whyRefused(checked, call),
  };
}

/** Why a kernel is not used that was checked so; undefined where it is. */
export function whyRefused({ error, failure }: Checked, { tolerance = TOLERANCE }: Call): string | undefined {
  if (failure !== undefined) return `it does not run: ${failure}`;
  return error <= tolerance ? undefined : `its numbers are wrong by ${(100 * error).toPrecision(2)} %`;
}
