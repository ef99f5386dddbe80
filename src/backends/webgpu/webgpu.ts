import type { ActivationKind } from '../../graph/activations.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { colsOf } from '../../ops/op.ts';
import type { GpuInfo, GpuReport } from '../../platform/gpu.ts';
import type { Notes } from '../../platform/notes.ts';
import type { QuantType } from '../../quants/quant_type.ts';
import type { Backend, Look, ReadTensor, UploadOptions } from '../backend.ts';
import { plainWeights } from '../matrices.ts';
import type { Call } from './calls.ts';
import { checkBest } from './check_best.ts';
import { checkKernels } from './check_kernels.ts';
import { Choices, notedChoices } from './choices.ts';
import { checkDevice, openDevice, watched, type DeviceOptions, type Gpu } from './device.ts';
import { joinsOf, type Joins } from './joins.ts';
import { lower, readsType, unsupported } from './lower.ts';
import { GpuMemory } from './memory.ts';
import { Pace } from './pace.ts';
import { Pipelines } from './pipelines.ts';
import { planProgram } from './plan.ts';
import { GpuProgram, type ProgramHome } from './program.ts';
import type { CheckHome } from './self_check.ts';
import { tune } from './tuning.ts';
import { uploadWeights } from './upload.ts';
import type { Able, Chooser } from './variants.ts';
import { Weights } from './weights.ts';

/** What a backend is opened for. */
export interface WebgpuOptions {
  /** Where GPUs are found: `navigator.gpu`, or what brings it to Node. */
  readonly gpu: GPU;
  readonly weights: readonly Tensor[];
  /** What every session will run. */
  readonly graph: Graph;
  /** A part of it that sessions run as often. */
  readonly part?: Graph | undefined;
  readonly activations?: ActivationKind | undefined;
  /** Of less able devices, for tests. */
  readonly device?: DeviceOptions | undefined;
  /** The kernels of products; default: those that were chosen by timing. */
  readonly choose?: Chooser | undefined;
  /** Whether candidates are timed; default: on hardware. */
  readonly isTuned?: boolean | undefined;
  /** Where choices are kept, and what they depend on beside the device: the browser and its version. */
  readonly notes?: Notes | undefined;
  readonly runtime?: string | undefined;
  /** Tests that compare each kernel themselves leave the check of the upload out. */
  readonly checks?: boolean | undefined;
}

/** Threads of a workgroup, for kernels that are not tuned: every device takes so many. */
const THREADS = 64;

/** Of the kernels: what was chosen among older ones says nothing. */
const NOTE_VERSION = 2;

/**
 * Opens a device, and a backend on it. Its upload chooses kernels, and checks each that the graphs need.
 * @throws UnsupportedError, ResourceError where there is no device.
 */
export async function createWebgpuBackend(options: WebgpuOptions): Promise<WebgpuBackend> {
  return new WebgpuBackend(await openDevice(options.gpu, options.device), options);
}

export const deviceTitle = ({ vendor, architecture, description }: GpuInfo): string =>
  description || [vendor, architecture].join(' ').trim() || 'a GPU without a name';

/** A backend on a device. */
export class WebgpuBackend implements Backend {
  readonly name = 'webgpu';
  readonly threads = 1;
  readonly activations: ActivationKind;
  readonly unsupported = unsupported;
  readonly died: Promise<Error>;
  private readonly options: WebgpuOptions;
  private readonly device: Gpu;
  private readonly home: ProgramHome;
  private readonly able: Able;
  private readonly choices: Choices;
  private readonly joins: Joins;
  private report: GpuReport;
  private findsBest = true;
  private room: Promise<void> | undefined;
  private disposed = false;

  constructor(device: Gpu, options: WebgpuOptions) {
    const { activations = 'exact', graph } = options;
    const memory = new GpuMemory(device.device, device.bindingBytes);
    this.options = options;
    this.device = device;
    this.activations = activations;
    this.died = new Promise((resolve) => void device.died.then((error) => !this.disposed && resolve(error)));
    this.able = { has: device.has, activations, workgroupBytes: device.device.limits.maxComputeWorkgroupStorageSize };
    this.choices = new Choices(this.able, device.info.isFallback);
    this.joins = joinsOf(graph, device.bindingBytes);
    this.report = { ...device.info, checks: [], choices: [] };
    this.home = {
      gpu: device,
      memory,
      findsBest: () => this.findsBest,
      pace: new Pace(),
      pipelines: new Pipelines(device.device),
      weights: new Weights(memory, plainWeights(graph), this.joins, device.bindingBytes),
    };
  }

  /** The device, and how its kernels fare; whole when the upload has ended. */
  get gpu(): GpuReport {
    return this.report;
  }

  get isDead(): boolean {
    return !this.disposed && this.device.fault() !== undefined;
  }

  supports(quant: QuantType): boolean {
    return readsType(quant);
  }

  async upload(tensors: readonly Tensor[], how: UploadOptions): Promise<void> {
    const { home, options } = this;
    await this.reserve(tensors);
    for (const { kernel } of this.calls()) home.pipelines.begin(kernel); // they compile while weights are on their way
    await uploadWeights(home, tensors, how);
    const again = { ...how, read: how.readAgain ?? how.read };
    const note = options.choose ? undefined : await this.chooseKernels(again);
    if (options.checks !== false) await this.check(again.read);
    await note?.();
    this.report = { ...this.report, choices: this.choices.of(options.graph) };
  }

  prepare(graph: Graph, look?: Look): GpuProgram {
    return this.prepareBy(graph, this.choose, look);
  }

  dispose(): void {
    this.disposed = true;
    this.home.memory.dispose();
    this.device.device.destroy();
  }

  /** Picks a kernel for each product. */
  private readonly choose: Chooser = (node, steps) => (this.options.choose ?? this.choices.choose)(node, steps);

  private surroundings(choose: Chooser) {
    const isRefused = (variant: string) => this.choices.isRefused(variant);
    const { joins, device } = this;
    const { bindingBytes, info } = device;
    return { threads: THREADS, isSoftware: info.isFallback, bindingBytes, joins, choose, isRefused };
  }

  private prepareBy(graph: Graph, choose: Chooser, look?: Look): GpuProgram {
    const surroundings = { ...this.surroundings(choose), isApart: look?.onNode !== undefined };
    return new GpuProgram(planProgram(graph, surroundings, look?.keep), this.home, look?.onNode);
  }

  /** The calls of all graphs that sessions run. */
  private calls(): Call[] {
    const { graph, part } = this.options;
    return [graph, ...(part ? [part] : [])].flatMap((each) => [...lower(each, this.surroundings(this.choose)).calls]);
  }

  /**
   * Takes room for weights, and sees that there is some for a session, before anything is read. An upload does it where nobody did.
   * @throws ResourceError
   */
  reserve(tensors: readonly Tensor[]): Promise<void> {
    return (this.room ??= this.takeRoom(tensors));
  }

  private async takeRoom(tensors: readonly Tensor[]): Promise<void> {
    await this.home.weights.reserve(tensors);
    const program = this.prepare(this.options.graph);
    await program.room.finally(() => program.dispose());
  }

  private checkHome(read: ReadTensor): CheckHome {
    return {
      prepare: (graph, keep) => this.prepare(graph, { keep }),
      read,
      watched: (run) => watched(this.device.device, run),
      checkDevice: () => checkDevice(this.device),
      limits: this.options.graph,
    };
  }

  /** Takes choices that were noted before, and times candidates for what was not. @returns what notes them, when they have been checked */
  private async chooseKernels({ read, signal }: UploadOptions): Promise<() => Promise<void>> {
    const { graph, notes, runtime, isTuned = !this.device.info.isFallback } = this.options;
    const device = `${deviceTitle(this.device.info)}, ${this.device.info.features.join(' ')}`;
    const name = `kernels ${NOTE_VERSION}: ${device}; ${runtime}; ${this.activations}`;
    const noted = notedChoices(await notes?.read(name));
    const kinds = this.choices.take(noted, graph);
    const timed = () =>
      tune(graph, kinds, {
        able: this.able,
        prepare: (each, choose) => this.prepareBy(each, choose),
        lower: (each, choose) => lower(each, this.surroundings(choose)).calls,
        check: this.checkHome(read),
        signal,
      });
    const made = isTuned ? await timed() : [];
    checkDevice(this.device);
    this.choices.take(made, graph);
    return async () => {
      const all = [...noted.filter(({ kind }) => !made.some((each) => each.kind === kind)), ...made];
      const right = this.choices.right(all);
      if (made.length > 0 || right.length < all.length) await notes?.write(name, right);
    };
  }

  /** Checks each pipeline. A variant that is wrong loses its place to another one. @throws UnsupportedError */
  private async check(read: ReadTensor): Promise<void> {
    const device = deviceTitle(this.device.info);
    const refuse = (call: Call): boolean => !this.options.choose && this.choices.refuse(call);
    const checks = await checkKernels({ calls: () => this.calls(), refuse, device }, this.checkHome(read));
    const best = await checkBest((graph) => this.prepare(graph), colsOf(this.options.graph.logits));
    checkDevice(this.device);
    this.findsBest = best.refused === undefined;
    this.report = { ...this.report, checks: [...checks, best] };
  }
}
