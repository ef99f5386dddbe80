import type { DeviceOptions } from '../../../src/backends/webgpu/device.ts';
import { unsupported } from '../../../src/backends/webgpu/lower.ts';
import { hasKernel } from '../../../src/backends/webgpu/sources.ts';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import type { BackendFactory } from '../../../src/engine/backend_plan.ts';
import type { Node } from '../../../src/graph/graph.ts';
import { kvTypes } from '../../../src/graph/layer_state.ts';
import { opCases } from '../../cases/index.ts';
import type { OpCase } from '../../cases/op_case.ts';
import type { OpenBackend } from '../case_runner.ts';
import type { Trials } from '../conformance.ts';

/** A device with nothing that a browser need not have, whose kernels are those of hardware. */
export const floor: DeviceOptions = { features: [], limits: 'floor', isFallback: false };

/** WGSL lets a device compute e^x to 3 + 2|x| units in the last place, and a quotient to 2.5. */
export const leastError = 2e-6;

export const opensOn =
  (gpu: GPU, device?: DeviceOptions): OpenBackend =>
  (plan) =>
    createWebgpuBackend({ ...plan, gpu, device, checks: false, isTuned: false });

/** The same for whole models. */
export const loadsOn =
  (gpu: GPU, device?: DeviceOptions): BackendFactory =>
  ({ options: { activations }, ...plan }) =>
    createWebgpuBackend({ ...plan, activations, gpu, device, isTuned: false });

const isDone = ({ op, inputs }: OpCase): boolean =>
  !unsupported({ op } as Node) &&
  inputs.every(({ role, quant = 'f32' }) => !/matrix|stack/.test(role) || hasKernel(`quants/${quant}`));

/** What the suite tries on GPUs. */
export const trials: Trials = { cases: opCases.filter(isDone), kvTypes };
