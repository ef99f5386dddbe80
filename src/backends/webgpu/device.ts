import { asError, ResourceError, UnsupportedError } from '../../base/errors.ts';
import type { GpuFeature, GpuInfo } from '../../platform/gpu.ts';

const deviceFeatures = {
  f16: 'shader-f16',
  subgroups: 'subgroups',
  timestamps: 'timestamp-query',
} as const satisfies Partial<Record<GpuFeature, GPUFeatureName>>;

/** Limits that are raised to what the adapter has. */
const raised = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
] as const;

/** What is taken of an adapter, and no more: how less able devices are tried. */
export interface DeviceOptions {
  /** Default: all that there are. */
  readonly features?: readonly GpuFeature[] | undefined;
  /** Lower than the adapter's; `'floor'`: those that every adapter has. */
  readonly limits?: Readonly<Record<string, number>> | 'floor' | undefined;
  /** Whether it is taken for software. Default: where it is. */
  readonly isFallback?: boolean | undefined;
}

/** An opened device. */
export interface Gpu {
  readonly device: GPUDevice;
  /** Held for as long as the device: Dawn in Node ends the process when it is collected. */
  readonly gpu: GPU;
  readonly info: GpuInfo;
  has(feature: GpuFeature): boolean;
  /** The most bytes of a buffer that a kernel can see. */
  readonly bindingBytes: number;
  /** Why the device is of no use any more: it is gone, or refused something that it was told. Undefined while all is well. */
  fault(): string | undefined;
  /** Comes when there is a fault. */
  readonly died: Promise<ResourceError>;
}

/** What went wrong, without the advice to take no GPU. */
export const reasonOf = ({ message }: Error): string =>
  message.replace(/[;,] (or |else )?open the model with backend: 'wasm'$/, '');

/** @throws UnsupportedError where there is none. */
export async function findAdapter(gpu: GPU): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter) return adapter;
  throw new UnsupportedError(
    "WebGPU finds no GPU here (its driver may be missing, or on a list of broken ones); open the model with backend: 'wasm'",
  );
}

/** Whether a processor does the work of this GPU. */
export const isFallback = (adapter: GPUAdapter): boolean =>
  [adapter.info, adapter].some((place) => (place as { isFallbackAdapter?: boolean }).isFallbackAdapter === true);

/** Those of an adapter's abilities that are used, and allowed. */
export const featuresOf = (gpu: GPU, adapter: GPUAdapter, allowed?: readonly GpuFeature[]): GpuFeature[] => {
  const isThere = (feature: GpuFeature): boolean =>
    feature === 'dots'
      ? gpu.wgslLanguageFeatures?.has('packed_4x8_integer_dot_product')
      : adapter.features.has(deviceFeatures[feature]);
  const all = [...(Object.keys(deviceFeatures) as (keyof typeof deviceFeatures)[]), 'dots'] as const;
  return all.filter((feature) => (allowed?.includes(feature) ?? true) && isThere(feature));
};

export function infoOf(adapter: GPUAdapter, features: readonly GpuFeature[]): GpuInfo {
  const { vendor, architecture, description } = adapter.info;
  return { vendor, architecture, description, isFallback: isFallback(adapter), features };
}

/** @throws UnsupportedError where there is no adapter, ResourceError where it gives no device. */
export async function openDevice(gpu: GPU, { features, limits, isFallback: asked }: DeviceOptions = {}): Promise<Gpu> {
  const adapter = await findAdapter(gpu);
  const has = featuresOf(gpu, adapter, features);
  const device = await adapter
    .requestDevice({
      requiredFeatures: has.flatMap((feature) => (feature === 'dots' ? [] : deviceFeatures[feature])),
      requiredLimits: limits === 'floor' ? {} : { ...highest(adapter), ...limits },
    })
    .catch((cause: Error) => {
      throw new ResourceError(`the GPU gives no device: ${cause.message}; open the model with backend: 'wasm'`, {
        cause,
      });
    });
  let fault: string | undefined;
  const died = new Promise<ResourceError>((resolve) => {
    const blame = (why: string): void => resolve(faultError((fault ??= why)));
    void device.lost.then(({ reason, message }) => blame(`it was lost: ${message || reason || 'no reason given'}`));
    // What is refused is not done, and nothing else says so.
    device.onuncapturederror = ({ error }) => blame(`it refused a command: ${error.message}`);
  });
  return {
    device,
    gpu,
    info: { ...infoOf(adapter, has), ...(asked !== undefined && { isFallback: asked }) },
    has: (feature) => has.includes(feature),
    bindingBytes: bindingBytes(device, limits),
    fault: () => fault,
    died,
  };
}

/** Runs something that a device may refuse without being of no use afterwards. @throws Error with what it refused */
export async function watched<T>(device: GPUDevice, run: () => Promise<T>): Promise<T> {
  const filters = ['validation', 'out-of-memory', 'internal'] as const;
  for (const filter of filters) device.pushErrorScope(filter);
  const ran = await run().catch(asError);
  const refused = (await Promise.all(filters.map(() => device.popErrorScope()))).find((error) => error !== null);
  if (refused) throw new Error(refused.message.trim(), { cause: refused });
  if (ran instanceof Error) throw ran;
  return ran;
}

/** @throws ResourceError where the device is gone, or did not do what it was told. */
export function checkDevice(gpu: Gpu): void {
  const why = gpu.fault();
  if (why !== undefined) throw faultError(why);
}

/** What a device answers. @throws ResourceError where it is gone, or did not do what it was told: then an answer says nothing */
export async function told<T>(gpu: Gpu, answer: Promise<T>): Promise<T> {
  const came = await answer.catch(asError);
  checkDevice(gpu);
  if (came instanceof Error) throw came;
  return came;
}

const faultError = (why: string): ResourceError =>
  new ResourceError(`the GPU cannot go on, ${why}; the next call opens the model again`);

const highest = ({ limits }: GPUAdapter): Record<string, number> =>
  Object.fromEntries(raised.map((name) => [name, limits[name]]));

/** A device may have more than it was asked for, so that a lower limit is kept to here. */
export function bindingBytes({ limits }: GPUDevice | GPUAdapter, asked: DeviceOptions['limits'] = {}): number {
  const most = asked === 'floor' ? Infinity : (asked['maxStorageBufferBindingSize'] ?? Infinity);
  return Math.min(most, limits.maxStorageBufferBindingSize, limits.maxBufferSize);
}
