import { openDevice, type Gpu } from '../../../src/backends/webgpu/device.ts';
import { Stopwatch } from './stopwatch.ts';

/** Bits of GPUBufferUsage, which not every runtime has among its globals. */
const usage = { mapRead: 1, copyFrom: 4, copyTo: 8, storage: 128 } as const;

/** One dispatch of a kernel with two bindings: what it reads, and what it may write. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly groups: number;
}

/** A device for kernels of the bench's own. */
export class Laboratory {
  readonly gpu: Gpu;
  readonly device: GPUDevice;
  readonly stopwatch: Stopwatch;
  private readonly buffers: GPUBuffer[] = [];
  private readonly modules = new Map<string, GPUShaderModule>();

  /** @throws UnsupportedError, ResourceError where there is no device. */
  static async open(gpu: GPU): Promise<Laboratory> {
    return new Laboratory(await openDevice(gpu));
  }

  private constructor(gpu: Gpu) {
    this.gpu = gpu;
    this.device = gpu.device;
    this.stopwatch = new Stopwatch(gpu.device);
  }

  storage(size: number): GPUBuffer {
    return this.buffer(size, usage.storage | usage.copyFrom | usage.copyTo);
  }

  readBack(size: number): GPUBuffer {
    return this.buffer(size, usage.mapRead | usage.copyTo);
  }

  private buffer(size: number, usage: number): GPUBuffer {
    const buffer = this.device.createBuffer({ size, usage });
    this.buffers.push(buffer);
    return buffer;
  }

  async pipeline(code: string, constants: Record<string, number> = {}): Promise<GPUComputePipeline> {
    let module = this.modules.get(code);
    if (!module) this.modules.set(code, (module = this.device.createShaderModule({ code })));
    return this.device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module, entryPoint: 'main', constants },
    });
  }

  dispatch(pipeline: GPUComputePipeline, read: GPUBuffer, write: GPUBuffer, groups: number): Dispatch {
    const layout = pipeline.getBindGroupLayout(0);
    const entries = [read, write].map((buffer, binding) => ({ binding, resource: { buffer } }));
    return { pipeline, group: this.device.createBindGroup({ layout, entries }), groups };
  }

  /** Records dispatches into a pass of their own. */
  pass(encoder: GPUCommandEncoder, dispatches: readonly Dispatch[], repeats = 1): void {
    const pass = encoder.beginComputePass();
    for (let i = 0; i < repeats; i++) {
      for (const { pipeline, group, groups } of dispatches) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(groups);
      }
    }
    pass.end();
  }

  submit(encoder: GPUCommandEncoder): void {
    this.device.queue.submit([encoder.finish()]);
  }

  /** One pass of dispatches, until it is done. */
  async run(dispatches: readonly Dispatch[], repeats = 1): Promise<void> {
    const encoder = this.device.createCommandEncoder();
    this.pass(encoder, dispatches, repeats);
    this.submit(encoder);
    await this.device.queue.onSubmittedWorkDone();
    this.check();
  }

  /** @throws Error where the device refused something, or is gone: times of what was not done are worth nothing. */
  check(): void {
    const fault = this.gpu.fault();
    if (fault !== undefined) throw new Error(`nothing can be measured on the GPU: ${fault}`);
  }

  close(): void {
    for (const buffer of this.buffers) buffer.destroy();
    this.device.destroy();
  }
}
