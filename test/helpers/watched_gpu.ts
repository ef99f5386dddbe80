/** A GPU whose buffers are counted, and whose devices can be lost. */
export interface WatchedGpu {
  readonly gpu: GPU;
  /** Buffers that were made and not destroyed yet. */
  readonly buffers: ReadonlySet<GPUBuffer>;
  /** In the order in which they were opened. */
  readonly devices: readonly GPUDevice[];
}

/** Bytes of all buffers that are there. */
export const bytesOf = ({ buffers }: WatchedGpu): number => [...buffers].reduce((sum, { size }) => sum + size, 0);

export function watched(real: GPU): WatchedGpu {
  const buffers = new Set<GPUBuffer>();
  const devices: GPUDevice[] = [];
  const requestAdapter: GPU['requestAdapter'] = async (options) => {
    const adapter = await real.requestAdapter(options);
    if (!adapter) return adapter;
    const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
      const device = await adapter.requestDevice(descriptor);
      devices.push(device);
      count(device, buffers);
      return device;
    };
    const { info, features, limits } = adapter;
    return { info, features, limits, requestDevice } as unknown as GPUAdapter;
  };
  const gpu = { requestAdapter, wgslLanguageFeatures: real.wgslLanguageFeatures } as GPU;
  return { gpu, buffers, devices };
}

/** Notes the buffers of a device in `buffers`, until each is destroyed. */
function count(device: GPUDevice, buffers: Set<GPUBuffer>): void {
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    buffers.add(buffer);
    buffer.destroy = () => {
      buffers.delete(buffer);
      return destroy();
    };
    return buffer;
  };
}

/** The same GPU with memory for so many bytes of buffers. */
export function scarce(real: GPU, most: number): GPU {
  const { gpu: counted, buffers, devices } = watched(real);
  const requestAdapter: GPU['requestAdapter'] = async (options) => {
    const adapter = (await counted.requestAdapter(options))!;
    const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
      const device = await adapter.requestDevice(descriptor);
      const create = device.createBuffer.bind(device);
      device.createBuffer = (wanted) => {
        const fits = bytesOf({ gpu: counted, buffers, devices }) + wanted.size <= most;
        return create(fits ? wanted : { ...wanted, size: 2 ** 45 }); // larger than any limit
      };
      return device;
    };
    const { info, features, limits } = adapter;
    return { info, features, limits, requestDevice } as unknown as GPUAdapter;
  };
  return { requestAdapter, wgslLanguageFeatures: real.wgslLanguageFeatures } as GPU;
}
