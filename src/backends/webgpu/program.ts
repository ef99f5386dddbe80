import { ResourceError } from '../../base/errors.ts';
import type { Step, Value } from '../../graph/graph.ts';
import { kvStore } from '../../ops/kv_store.ts';
import { colsOf } from '../../ops/op.ts';
import type { Look, Program, StateCopy } from '../backend.ts';
import { checkAlive, checkReadable, notHeld, stepCheck } from '../checks.ts';
import { Rings } from '../rings.ts';
import { checkDevice, type Gpu } from './device.ts';
import type { Call, HostNode, Slot } from './calls.ts';
import type { GpuMemory } from './memory.ts';
import type { Pipelines } from './pipelines.ts';
import type { ProgramPlan } from './plan.ts';
import { ReadBack } from './read_back.ts';
import { States } from './states.ts';
import { stepBytes, writeStep } from './step_buffer.ts';
import type { Weights } from './weights.ts';

/** What the programs of a backend share. */
export interface ProgramHome {
  readonly gpu: Gpu;
  readonly memory: GpuMemory;
  readonly pipelines: Pipelines;
  readonly weights: Weights;
}

/** A call with what a pass wants of it. */
interface ReadyCall {
  readonly call: Call;
  readonly pipeline: GPUComputePipeline;
  readonly groups: readonly GPUBindGroup[];
}

/** Shorter times are not told apart: a fence takes a while, and clocks of pages are coarse. */
const LEAST_MS = 5;

/**
 * A graph's buffers and bind groups. A run writes the step, records one pass, submits it, and reads back what was asked for: the logits,
 * and whether something was stored that its cache cannot hold.
 */
export class GpuProgram implements Program {
  private readonly plan: ProgramPlan;
  private readonly home: ProgramHome;
  private readonly buffers = new Map<Slot, GPUBuffer>();
  /** Buffers of this program alone. */
  private readonly owned: GPUBuffer[] = [];
  private readonly step: GPUBuffer;
  private readonly stepWords: Uint32Array<ArrayBuffer>;
  private readonly lost: GPUBuffer;
  private readonly rings: Rings;
  private readonly checkStep: (step: Step) => void;
  private readonly onNode: Look['onNode'];
  private readonly readBack: ReadBack;
  private readonly states: States;
  /** Settles when the device has told whether it has room for all buffers. @throws ResourceError */
  readonly room: Promise<void>;
  private ready: Promise<void> | undefined;
  private calls: readonly ReadyCall[] = [];
  private nRows = { tokens: 0, logits: 0 };
  private disposed = false;

  constructor(plan: ProgramPlan, home: ProgramHome, onNode?: Look['onNode']) {
    this.plan = plan;
    this.home = home;
    this.onNode = onNode;
    this.rings = new Rings(plan.graph);
    this.checkStep = stepCheck(plan.graph);
    const bytes = stepBytes(plan.graph.maxTokens);
    this.step = this.own(home.memory.storage('step', bytes));
    this.stepWords = new Uint32Array(bytes / 4);
    this.lost = this.own(home.memory.storage('lost', 4));
    this.room = home.memory.checked('a session', () => this.placeSlots());
    this.room.catch(() => undefined); // whoever runs the program is told
    this.readBack = new ReadBack(home.memory, this.lost);
    const { buffers, readBack, rings } = this;
    this.states = new States({ home, slots: plan.slots, buffers, readBack, rings });
  }

  private own(buffer: GPUBuffer): GPUBuffer {
    this.owned.push(buffer);
    return buffer;
  }

  /** Decides every slot's buffer. */
  private placeSlots(): void {
    const { plan, home, buffers } = this;
    const { memory } = home;
    const shared = plan.shared.map((bytes, i) => this.own(memory.storage(`activations ${i}`, bytes)));
    for (const [slot, place] of plan.places) buffers.set(slot, shared[place]!);
    for (const slot of new Set(plan.slots.values())) {
      if (slot.role === 'state' || slot.role === 'host')
        buffers.set(slot, this.own(memory.storage(slot.name, slot.bytes)));
      if (slot.role === 'constant') buffers.set(slot, this.own(this.constant(slot)));
      if (slot.role === 'weight' && this.home.weights.hasVector(slot.name))
        buffers.set(slot, this.home.weights.vector(slot.name));
    }
  }

  private constant({ name, bytes, value }: Slot): GPUBuffer {
    const { memory, gpu } = this.home;
    const buffer = memory.storage(name, bytes);
    gpu.device.queue.writeBuffer(buffer, 0, value!.data!.slice());
    return buffer;
  }

  /** Pipelines and bind groups, once. */
  private prepare(): Promise<void> {
    return (this.ready ??= this.room
      .then(() => Promise.all(this.plan.calls.map((call) => this.prepareCall(call))))
      .then((calls) => void (this.calls = calls)));
  }

  private async prepareCall(call: Call): Promise<ReadyCall> {
    const { pipelines, gpu, weights } = this.home;
    const { pipeline, layouts } = await pipelines.get(call.kernel);
    const own = [this.step, ...[call.out, ...call.inputs].map((slot) => this.bufferOf(slot))];
    const planes = call.matrix ? weights.planes(call.matrix.weight.name, call.matrix.part) : [];
    const bound: GPUBindingResource[][] = [own.map((buffer) => ({ buffer })), [...planes], [{ buffer: this.lost }]];
    const groups = layouts.map((layout, g) =>
      gpu.device.createBindGroup({ layout, entries: bound[g]!.map((resource, binding) => ({ binding, resource })) }),
    );
    return { call, pipeline, groups };
  }

  /** What is left out is bound to something small that nothing reads. */
  private bufferOf(slot: Slot | undefined): GPUBuffer {
    return slot ? this.buffers.get(slot)! : this.home.weights.nothing;
  }

  async run(step: Step): Promise<void> {
    checkAlive(this.disposed);
    this.checkStep(step);
    this.rings.step(step);
    await this.prepare();
    this.nRows = { tokens: step.tokens.length, logits: step.nLogits };
    this.writeStep(step);
    if (this.onNode) await this.runApart(this.onNode);
    else this.submit();
    const isLost = await this.readBack.isLost().catch((error: Error) => error);
    checkDevice(this.home.gpu);
    if (isLost instanceof Error) throw isLost;
    if (isLost) await this.throwLost(step);
  }

  private writeStep(step: Step): void {
    const { queue } = this.home.gpu.device;
    const nWords = writeStep(step, this.stepWords);
    queue.writeBuffer(this.step, 0, this.stepWords, 0, nWords);
    for (const host of this.plan.hostNodes) this.runOnHost(host, step);
  }

  private runOnHost({ node, out }: HostNode, step: Step): void {
    const floats = this.hostFloats(out);
    node.op.reference({ node, step, out: floats, inputs: node.inputs.map(({ data }) => data!) });
    const n = this.nRows[node.out.rows!] * colsOf(node.out);
    this.home.gpu.device.queue.writeBuffer(this.buffers.get(out)!, 0, floats, 0, n);
  }

  private readonly floats = new Map<Slot, Float32Array<ArrayBuffer>>();

  private hostFloats(slot: Slot): Float32Array<ArrayBuffer> {
    let floats = this.floats.get(slot);
    if (!floats) this.floats.set(slot, (floats = new Float32Array(slot.bytes / 4)));
    return floats;
  }

  /** One pass over all calls; the logits go the same way. */
  private submit(): void {
    const { device } = this.home.gpu;
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const ready of this.calls) this.record(pass, ready);
    pass.end();
    const { logits } = this.plan.graph;
    const nFloats = logits.rows ? this.nRows[logits.rows] * colsOf(logits) : 0;
    this.readBack.record(encoder, logits, this.buffers.get(this.plan.slots.get(logits)!)!, nFloats);
    device.queue.submit([encoder.finish()]);
  }

  private record(pass: GPUComputePassEncoder, { call, pipeline, groups }: ReadyCall): void {
    const nRows = this.nRows[call.rows];
    if (nRows < (call.from ?? 1) || nRows > (call.to ?? Infinity)) return;
    pass.setPipeline(pipeline);
    for (let g = 0; g < groups.length; g++) pass.setBindGroup(g, groups[g]!);
    pass.dispatchWorkgroups(call.grid.x, call.grid.y(nRows));
  }

  /** Milliseconds of one pass, out of as many as a fence can tell from each other. */
  async time(step: Step): Promise<number> {
    await this.prepare();
    this.nRows = { tokens: step.tokens.length, logits: step.nLogits };
    this.writeStep(step);
    const fenceMs = Math.min(await this.passes(0), await this.passes(0));
    const leastMs = Math.max(LEAST_MS, 2 * fenceMs);
    let n = 1;
    let ms = await this.passes(n); // what comes first is slower
    for (ms = await this.passes(n); ms - fenceMs < leastMs; ms = await this.passes(n)) {
      n = Math.ceil(n * Math.min(16, Math.max(2, leastMs / Math.max(0.01, ms - fenceMs))));
    }
    for (let sumMs = ms; sumMs < 4 * leastMs; sumMs += leastMs) ms = Math.min(ms, await this.passes(n));
    return (ms - fenceMs) / n;
  }

  /** Runs all calls so often, and waits. @returns milliseconds */
  private async passes(n: number): Promise<number> {
    const { device } = this.home.gpu;
    const startMs = performance.now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < n; i++) for (const ready of this.calls) this.record(pass, ready);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - startMs;
  }

  /** Node by node, with all that a node took and made read back behind it. */
  private async runApart(onNode: NonNullable<Look['onNode']>): Promise<void> {
    const { device } = this.home.gpu;
    for (const { node, out } of this.plan.hostNodes) {
      onNode({ nodes: [node], kernels: `${node.op.name} (CPU)`, ms: 0, read: () => this.hostFloats(out) });
    }
    for (const node of new Set(this.calls.map(({ call }) => call.node))) {
      const calls = this.calls.filter(({ call }) => call.node === node);
      const startMs = performance.now();
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const ready of calls) this.record(pass, ready);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      const ms = performance.now() - startMs;
      const kernels = calls.map(({ call }) => call.kernel.files.at(-1)).join(' + ');
      const rows = new Map<Value, Float32Array>();
      for (const value of [node.out, ...node.inputs]) if (value.rows) rows.set(value, await this.rowsOf(value));
      onNode({ nodes: [node], kernels, ms, read: (value) => rows.get(value)! });
    }
    const encoder = device.createCommandEncoder();
    this.readBack.record(encoder, this.plan.graph.logits, this.lost, 0);
    device.queue.submit([encoder.finish()]);
  }

  /** Finds what a step stored that is not finite. */
  private async throwLost(step: Step): Promise<never> {
    this.home.gpu.device.queue.writeBuffer(this.lost, 0, new Uint32Array(1));
    const stores = this.plan.graph.nodes.filter(({ op }) => op === kvStore);
    for (const { out: state } of stores) {
      const nPositions = state.shape[0]!;
      const rows = await this.readState(state, 0, nPositions);
      const floats = new Float32Array((rows.length / state.quant.blockBytes) * state.quant.blockSize);
      state.quant.dequantize!(rows, floats);
      if (!floats.every(Number.isFinite)) throw notHeld(state);
    }
    throw new ResourceError(`the GPU lost what a step at ${step.pos} stored; open the model with backend: 'wasm'`);
  }

  async read(value: Value): Promise<Float32Array> {
    checkReadable(this.plan.readable, value);
    return this.rowsOf(value);
  }

  /** The rows of a step, as they were read back with it, or now. */
  private async rowsOf(value: Value): Promise<Float32Array> {
    const n = this.nRows[value.rows!] * colsOf(value);
    if (value.data) return value.data.subarray(0, n);
    const came = this.readBack.cameWith(value, n);
    if (came) return came;
    const slot = this.plan.slots.get(value)!;
    const bytes = await this.readBack.bytes(this.buffers.get(slot)!, 0, n * 4);
    return new Float32Array(bytes.buffer, 0, n);
  }

  async readState(state: Value, begin: number, end: number): Promise<Uint8Array> {
    await this.room;
    return this.states.read(state, begin, end);
  }

  async writeState(state: Value, begin: number, rows: Uint8Array): Promise<void> {
    await this.room;
    return this.states.write(state, begin, rows);
  }

  copyOf(states: readonly Value[]): StateCopy {
    return this.states.copyOf(states);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const buffer of this.owned) this.home.memory.free(buffer);
    this.states.dispose();
    this.readBack.dispose();
  }
}
