import { kernelSource, type Access } from './sources.ts';

/** A kernel as a pipeline is made of it. */
export interface Kernel {
  /** Names below kernels/, its own last. */
  readonly files: readonly string[];
  /** Numbers by name; those that the source does not declare are left out. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** A compiled kernel. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layouts: readonly GPUBindGroupLayout[];
}

/** A kernel's name, for messages: `rms_norm`, `quants/q4_0 + mat_vec`. */
export const kernelTitle = ({ files }: Kernel): string => files.join(' + ');

/** All pipelines of a device. What has the same source and numbers is compiled once. */
export class Pipelines {
  private readonly device: GPUDevice;
  private readonly byKey = new Map<string, Promise<Pipeline>>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();
  private readonly modules = new Map<string, GPUShaderModule>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  get(kernel: Kernel): Promise<Pipeline> {
    const { code, numbers } = kernelSource(kernel.files);
    const constants = Object.fromEntries(Object.entries(kernel.numbers).filter(([name]) => numbers.has(name)));
    const key = `${kernelTitle(kernel)} ${JSON.stringify(constants)}`;
    let pipeline = this.byKey.get(key);
    if (!pipeline) this.byKey.set(key, (pipeline = this.compile(kernel, { key, code, constants })));
    return pipeline;
  }

  private async compile(
    kernel: Kernel,
    { key, code, constants }: { key: string; code: string; constants: Record<string, number> },
  ): Promise<Pipeline> {
    const { device } = this;
    const title = kernelTitle(kernel);
    let module = this.modules.get(title);
    if (!module) this.modules.set(title, (module = device.createShaderModule({ label: title, code })));
    const layouts = kernelSource(kernel.files).groups.map((group) => this.layoutOf(group));
    const pipeline = await device.createComputePipelineAsync({
      label: key,
      layout: device.createPipelineLayout({ bindGroupLayouts: layouts }),
      compute: { module, entryPoint: 'main', constants },
    });
    return { pipeline, layouts };
  }

  private layoutOf(group: readonly Access[]): GPUBindGroupLayout {
    const key = group.join();
    let layout = this.layouts.get(key);
    if (!layout) {
      const entries = group.map((type, binding) => ({ binding, visibility: 4, buffer: { type } })); // 4: of a compute stage
      this.layouts.set(key, (layout = this.device.createBindGroupLayout({ entries })));
    }
    return layout;
  }
}
