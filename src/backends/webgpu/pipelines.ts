import { asError, UnsupportedError } from '../../base/errors.ts';
import { kernelSource, type Access } from './sources.ts';

/** A kernel as a pipeline is made of it. */
export interface Kernel {
  /** Names below kernels/, its own last. */
  readonly files: readonly string[];
  /** Numbers by name, of the pipeline and of the shape; those that the source does not declare are left out. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** A compiled kernel. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layouts: readonly GPUBindGroupLayout[];
}

/** A kernel's name, for messages: `rms_norm`, `quants/q4_0 + mat_vec`. */
export const kernelTitle = ({ files }: Kernel): string => files.join(' + ');

/** The numbers that a kernel's source declares. */
function constantsOf({ files, numbers }: Kernel): Record<string, number> {
  const { numbers: declared } = kernelSource(files);
  return Object.fromEntries(Object.entries(numbers).filter(([name]) => declared.has(name)));
}

/** Kernels with the same key are the same pipeline. */
export const pipelineKey = (kernel: Kernel, constants = constantsOf(kernel)): string =>
  `${kernelTitle(kernel)} ${JSON.stringify(constants)}`;

/** What a kernel reads of its matrix, as its buffer has it; empty for one that reads nothing. */
export const shapeOf = ({ files, numbers }: Kernel): Uint32Array<ArrayBuffer> =>
  Uint32Array.from(kernelSource(files).shape, (name) => numbers[name] ?? 0);

/** All pipelines of a device. What has the same source and numbers is compiled once. */
export class Pipelines {
  private readonly device: GPUDevice;
  private readonly byKey = new Map<string, Promise<Pipeline>>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();
  private readonly modules = new Map<string, Promise<GPUShaderModule>>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** The compiled kernel; asked for again, the same one. */
  get(kernel: Kernel): Promise<Pipeline> {
    const { code } = kernelSource(kernel.files);
    const constants = constantsOf(kernel);
    const key = pipelineKey(kernel, constants);
    let pipeline = this.byKey.get(key);
    if (!pipeline) this.byKey.set(key, (pipeline = this.compile(kernel, { key, code, constants })));
    return pipeline;
  }

  /** Begins to compile a kernel. What is wrong with it is told to whoever gets it. */
  begin(kernel: Kernel): void {
    this.device.pushErrorScope('validation');
    this.get(kernel).catch(() => undefined);
    this.device.popErrorScope().catch(() => undefined);
  }

  private async compile(
    kernel: Kernel,
    { key, code, constants }: { key: string; code: string; constants: Record<string, number> },
  ): Promise<Pipeline> {
    const { device } = this;
    const title = kernelTitle(kernel);
    let module = this.modules.get(title);
    if (!module) this.modules.set(title, (module = this.moduleOf(title, code)));
    const layouts = kernelSource(kernel.files).groups.map((group) => this.layoutOf(group));
    try {
      const pipeline = await device.createComputePipelineAsync({
        label: key,
        layout: device.createPipelineLayout({ bindGroupLayouts: layouts }),
        compute: { module: await module, entryPoint: 'main', constants },
      });
      return { pipeline, layouts };
    } catch (cause) {
      throw new UnsupportedError(`${title} does not compile: ${asError(cause).message.trim()}`, { cause });
    }
  }

  /** @throws UnsupportedError with what the compiler says. */
  private async moduleOf(label: string, code: string): Promise<GPUShaderModule> {
    const { device } = this;
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label, code });
    const [error, { messages }] = await Promise.all([device.popErrorScope(), module.getCompilationInfo()]);
    const said = messages
      .filter(({ type }) => type === 'error')
      .map(({ message, lineNum }) => `line ${lineNum}: ${message}`);
    if (error) throw new UnsupportedError(said.join('; ') || error.message);
    return module;
  }

  private layoutOf(group: readonly (Access | undefined)[]): GPUBindGroupLayout {
    const key = group.join();
    let layout = this.layouts.get(key);
    if (!layout) {
      const entries = group.flatMap(
        (type, binding) => (type ? [{ binding, visibility: 4, buffer: { type } }] : []), // 4: of a compute stage
      );
      this.layouts.set(key, (layout = this.device.createBindGroupLayout({ entries })));
    }
    return layout;
  }
}
