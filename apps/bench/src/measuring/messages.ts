import type { Places } from '../../../../bench/measure/host.ts';
import type { GpuLook } from '../../../../bench/measure/gpu/look.ts';
import type { Plan, Step } from '../../../../bench/measure/plan.ts';
import type { DeviceResult } from '../../../../bench/measure/result.ts';
import type { StepResult } from '../../../../bench/measure/run_step.ts';

/** A model: picked files, addresses of those that come with the page, or one in this browser's store. */
export type Model = { readonly files: readonly File[] } | { readonly urls: readonly string[] } | StoredModelName;

export interface StoredModelName {
  readonly store: string;
}

/** What the page asks of a worker; it does one thing, and is ended. */
export type Job =
  | { readonly kind: 'step'; readonly places: Places; readonly step: Step; readonly plan: Plan; readonly model: Model }
  | { readonly kind: 'sustained'; readonly seconds: number; readonly threads: number; readonly model: Model }
  | { readonly kind: 'features' };

/** What can be measured here. */
export interface DeviceFeatures extends Pick<DeviceResult, 'build' | 'sharedMemory' | 'clockUs'> {
  readonly nCores: number;
  readonly gpu: GpuLook;
}

export type Report =
  | { readonly kind: 'progress'; readonly doneShare: number }
  /** Bytes of the model that have come. */
  | { readonly kind: 'download'; readonly doneBytes: number }
  /** All of it is here: the page keeps it for the next worker. */
  | { readonly kind: 'fetched'; readonly files: readonly File[] }
  | { readonly kind: 'step'; readonly result: StepResult }
  /** A sustained run begins, and goes on. */
  | { readonly kind: 'started'; readonly model: string }
  | { readonly kind: 'sample'; readonly seconds: number; readonly tps: number }
  | { readonly kind: 'sustained' }
  | { readonly kind: 'features'; readonly features: DeviceFeatures }
  | { readonly kind: 'error'; readonly message: string };
