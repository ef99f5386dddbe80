import type { Best } from '../../base/best.ts';
import { ResourceError } from '../../base/errors.ts';
import type { Step, Value } from '../../graph/graph.ts';
import { kvStore } from '../../ops/kv_store.ts';
import { colsOf } from '../../ops/op.ts';
import { ropeAngles } from '../../ops/rope_angles.ts';
import type { BegunStep, Look, Program, StateCopy } from '../backend.ts';
import { checkAlive, checkReadable, notHeld, stepCheck } from '../checks.ts';
import { Rings } from '../rings.ts';
import { BegunSteps } from './begun.ts';
import { BEST_TOKEN_AT, bestBytes, bestCalls, findsBest, type BestCalls } from './best.ts';
import { checkDevice, told, type Gpu } from './device.ts';
import { wholeOf, type Call, type Slot } from './calls.ts';
import type { GpuMemory } from './memory.ts';
import { Pace, Slices, Turns } from './pace.ts';
import { shapeOf, type Pipelines } from './pipelines.ts';
import { kernelSource } from './sources.ts';
import type { ProgramPlan } from './plan.ts';
import { countRows, isMade, record, type ReadyCall, type RowCounts } from './ready_calls.ts';
import { passes, timed } from './timed.ts';
import { ReadBack, type Reading } from './read_back.ts';
import { Results } from './results.ts';
import { States } from './states.ts';
import { FIRST_TOKEN_AT, StepBuffer } from './step_buffer.ts';
import { FEW } from './variants.ts';
import type { Weights } from './weights.ts';

/** What the programs of a backend share. */
export interface ProgramHome {
  readonly gpu: Gpu;
  readonly memory: GpuMemory;
  readonly pipelines: Pipelines;
  readonly weights: Weights;
  readonly pace: Pace;
  /** Whether kernels find the best logits here. */
  readonly findsBest: () => boolean;
}

/** Calls that find the best logits. */
type ReadyBest = Readonly<Record<'one' | 'several', readonly ReadyCall[]>>;

/** Stands for a token that only the device knows. */
const UNKNOWN = new Int32Array(1);

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
  private readonly step: StepBuffer;
  private readonly lost: GPUBuffer;
  private readonly rings: Rings;
  private readonly checkStep: (step: Step) => void;
  private readonly onNode: Look['onNode'];
  private readonly readBack: ReadBack;
  private readonly states: States;
  /** Settles when the device has told whether it has room for all buffers. @throws ResourceError */
  readonly room: Promise<void>;
  private readonly results = new Results();
  private readonly bestCalls: BestCalls | undefined;
  private readonly begun: BegunSteps;
  private ready: Promise<void> | undefined;
  private slices: Slices | undefined;
  /** Undefined until they are ready. */
  private calls: readonly ReadyCall[] | undefined;
  private best: ReadyBest | undefined;
  /** The step that the device was given last. */
  private latest: Step | undefined;
  /** Rows of the step that ran last. */
  private nRows: RowCounts = { tokens: 0, logits: 0 };
  /** A step was let go: what it may have lost is of no text. */
  private isStray = false;
  private disposed = false;

  constructor(plan: ProgramPlan, home: ProgramHome, onNode?: Look['onNode']) {
    this.plan = plan;
    this.home = home;
    this.onNode = onNode;
    this.rings = new Rings(plan.graph);
    this.checkStep = stepCheck(plan.graph);
    const { made, room } = home.memory.checked('a session', () => this.makeBuffers());
    this.room = room;
    this.lost = made.lost;
    this.step = made.step;
    this.bestCalls = made.bestCalls;
    this.readBack = new ReadBack(home.memory, this.lost, this.step);
    const { buffers, readBack, rings } = this;
    this.states = new States({ home, slots: plan.slots, buffers, readBack, rings });
    this.begun = new BegunSteps(({ reading }) => {
      this.readBack.letGo(reading);
      this.isStray = true;
    });
  }

  private makeBuffers() {
    const { plan, home, buffers } = this;
    const lost = this.own(home.memory.storage('lost', 4));
    this.placeSlots();
    const bufferOf = (slot: Slot) => buffers.get(slot)!;
    const step = new StepBuffer(home.memory, { ...plan.graph, hostNodes: plan.hostNodes, bufferOf });
    this.own(step.buffer);
    return { lost, step, bestCalls: this.placeBest() };
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

  /** What finds the best logits, and its buffers; undefined where nothing does. */
  private placeBest(): BestCalls | undefined {
    const { plan, home, onNode } = this;
    const { logits } = plan.graph;
    const slot = plan.slots.get(logits);
    if (onNode || logits.rows !== 'logits' || slot?.role !== 'activation' || !home.findsBest()) return undefined;
    const calls = bestCalls(plan.graph, slot);
    for (const slot of [calls.parts, calls.list])
      this.buffers.set(slot, this.own(home.memory.storage(slot.name, slot.bytes)));
    return calls;
  }

  private constant({ name, bytes, value }: Slot): GPUBuffer {
    const { memory, gpu } = this.home;
    const buffer = memory.storage(name, bytes);
    gpu.device.queue.writeBuffer(buffer, 0, value!.data!.slice());
    return buffer;
  }

  /** Pipelines and bind groups, once. */
  private prepare(): Promise<void> {
    return (this.ready ??= this.prepareCalls());
  }

  private async prepareCalls(): Promise<void> {
    await this.room;
    const all = (calls: readonly Call[] = []) => Promise.all(calls.map((call) => this.prepareCall(call)));
    const { plan, bestCalls } = this;
    const [calls, one, several] = await Promise.all([all(plan.calls), all(bestCalls?.one), all(bestCalls?.several)]);
    if (bestCalls) this.best = { one, several };
    this.calls = calls;
  }

  private async prepareCall(call: Call): Promise<ReadyCall> {
    const { pipelines, gpu, weights } = this.home;
    const { pipeline, layouts } = await pipelines.get(call.kernel);
    const own = [{ buffer: this.step.buffer }, ...[call.out, ...call.inputs].map((slot) => this.bindingOf(slot))];
    const planes = call.matrix ? weights.planes(call.matrix.weight.name, call.matrix.part) : [];
    const shape = shapeOf(call.kernel);
    const resources = (buffers: readonly GPUBuffer[]): GPUBindingResource[] => buffers.map((buffer) => ({ buffer }));
    const bound = [own, planes, resources([this.lost]), resources(shape.length > 0 ? [weights.shape(shape)] : [])];
    const { groups: declared } = kernelSource(call.kernel.files);
    const groups = layouts.map((layout, g) => {
      const entries = bound[g]!.map((resource, binding) => ({ binding, resource }));
      return gpu.device.createBindGroup({ layout, entries: entries.filter(({ binding }) => declared[g]![binding]) });
    });
    return { call, pipeline, groups };
  }

  /** What is left out is bound to something small that nothing reads. */
  private bindingOf(slot: Slot | undefined): GPUBufferBinding {
    if (!slot) return { buffer: this.home.weights.nothing };
    const { buffer, offset } = this.placeOf(slot);
    return slot.within ? { buffer, offset, size: slot.bytes } : { buffer };
  }

  private placeOf(slot: Slot): { readonly buffer: GPUBuffer; readonly offset: number } {
    return { buffer: this.buffers.get(wholeOf(slot))!, offset: slot.within?.offset ?? 0 };
  }

  async run(step: Step, signal?: AbortSignal): Promise<void> {
    checkAlive(this.disposed);
    this.checkStep(step);
    const begun = this.begun.take(step);
    if (!begun) this.rings.step(step);
    await this.prepare();
    checkAlive(this.disposed);
    this.nRows = countRows(step);
    const reading =
      begun?.reading ?? (await (this.onNode ? this.runApart(step, this.onNode) : this.give(step, signal)));
    const { results } = this;
    const take = (words: Uint32Array) => (this.findsBest(step) ? results.takeBest(words) : results.takeRows(words));
    if (await told(this.home.gpu, this.readBack.arrived(reading, take))) await this.throwLost(step);
    if (step.nBest === 1 && results.best) this.begun.learn(results.best.tokens[0]!);
  }

  runAhead(step: BegunStep): void {
    if (!this.calls || this.disposed || this.onNode || this.begun.has(step)) return;
    if (!step.tokens && !this.knowsNext(step)) return;
    const whole = { ...step, tokens: step.tokens?.slice() ?? UNKNOWN };
    this.checkStep(whole);
    this.rings.step(whole);
    this.begun.add({ ...step, tokens: step.tokens && whole.tokens, reading: this.submit(whole, !step.tokens) });
  }

  /** Whether the device knows the token of this step, which is the likeliest behind the latest one. */
  private knowsNext({ pos }: BegunStep): boolean {
    const { latest, plan } = this;
    const isBehind = latest?.nBest === 1 && this.findsBest(latest) && latest.pos + latest.tokens.length === pos;
    return isBehind && plan.hostNodes.every(({ node }) => node.op === ropeAngles); // other nodes may want the token here
  }

  private findsBest(step: Step): boolean {
    return this.best !== undefined && findsBest(step, this.plan.graph);
  }

  readBest(): Best | undefined {
    return this.results.best;
  }

  /** Gives the device a step; a long one slice by slice. @throws what the signal says, where it stops the step between two */
  private async give(step: Step, signal: AbortSignal | undefined): Promise<Reading> {
    const { pace, gpu } = this.home;
    const nTokens = step.tokens.length;
    if (nTokens <= FEW) return this.submit(step);
    this.begin(step);
    const { queue } = gpu.device;
    const slices = (this.slices ??= new Slices(this.plan.calls, this.plan.graph));
    const turns = new Turns(queue, pace);
    let first = 0;
    for (let end; (end = slices.end(first, nTokens, pace.mostWork)) < this.calls!.length; first = end) {
      queue.submit([this.recordSlice(first, end)]);
      await turns.gave(slices.work(first, end, nTokens)).catch(() => checkDevice(gpu));
      if (!signal?.aborted) continue;
      this.isStray = true;
      this.latest = undefined;
      throw signal.reason;
    }
    return this.end(step, first);
  }

  private recordSlice(begin: number, end: number): GPUCommandBuffer {
    const encoder = this.home.gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = begin; i < end; i++) record(pass, this.calls![i]!, this.nRows);
    pass.end();
    return encoder.finish();
  }

  private begin(step: Step): void {
    if (this.isStray) this.home.gpu.device.queue.writeBuffer(this.lost, 0, new Uint32Array(1));
    this.isStray = false;
    this.latest = step;
    this.step.write(step);
  }

  /** One pass over all calls; what is read goes the same way. @param isNext its token is the best logit of the step before */
  private submit(step: Step, isNext = false): Reading {
    this.begin(step);
    return this.end(step, 0, isNext);
  }

  /** Submits the calls from `first` on, and what is read. */
  private end(step: Step, first: number, isNext = false): Reading {
    const { home, plan, buffers, best, bestCalls } = this;
    const { device } = home.gpu;
    const { logits } = plan.graph;
    const nRows = countRows(step);
    const encoder = device.createCommandEncoder();
    const list = bestCalls && buffers.get(bestCalls.list)!;
    if (isNext) encoder.copyBufferToBuffer(list!, BEST_TOKEN_AT, this.step.buffer, FIRST_TOKEN_AT, 4);
    const pass = encoder.beginComputePass();
    for (let i = first; i < this.calls!.length; i++) record(pass, this.calls![i]!, nRows);
    const finds = this.findsBest(step);
    if (finds) for (const ready of best![step.nBest === 1 ? 'one' : 'several']) record(pass, ready, nRows);
    pass.end();
    const nFloats = logits.rows ? nRows[logits.rows] * colsOf(logits) : 0;
    const { buffer: from, offset } = this.placeOf(plan.slots.get(logits)!);
    const whole = { from, offset, bytes: 4 * nFloats };
    const wanted = finds ? { from: list!, offset: 0, bytes: bestBytes(step.nBest!) } : whole;
    const reading = this.readBack.record(encoder, wanted);
    device.queue.submit([encoder.finish()]);
    this.readBack.submitted(reading);
    return reading;
  }

  /** Milliseconds of one pass. */
  async time(step: Step): Promise<number> {
    await this.prepare();
    this.step.write(step);
    const nRows = countRows(step);
    return timed((n) => passes(n, this.calls!, nRows, this.home.gpu));
  }

  /** Node by node, with all that a node took and made read back behind it. */
  private async runApart(step: Step, onNode: NonNullable<Look['onNode']>): Promise<Reading> {
    const { device } = this.home.gpu;
    this.step.write(step);
    for (const { node, out } of this.plan.hostNodes) {
      onNode({ nodes: [node], kernels: `${node.op.name} (CPU)`, ms: 0, read: () => this.step.hostRows(out) });
    }
    for (const node of new Set(this.calls!.map(({ call }) => call.node))) {
      const calls = this.calls!.filter(({ call }) => call.node === node && isMade(call, this.nRows[call.rows]));
      const startMs = performance.now();
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const ready of calls) record(pass, ready, this.nRows);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      const ms = performance.now() - startMs;
      const kernels = calls.map(({ call }) => call.variant ?? call.kernel.files.at(-1)).join(' + ');
      const rows = new Map<Value, Float32Array>();
      for (const value of [node.out, ...node.inputs]) if (value.rows) rows.set(value, await this.rowsOf(value));
      onNode({ nodes: [node], kernels, ms, read: (value) => rows.get(value)! });
    }
    const encoder = device.createCommandEncoder();
    const reading = this.readBack.record(encoder);
    device.queue.submit([encoder.finish()]);
    this.readBack.submitted(reading);
    return reading;
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
    const came = value === this.plan.graph.logits ? this.results.rows(n) : undefined;
    if (came) return came;
    if (this.begun.n > 0) throw new TypeError(`${value.name} is gone: another step was begun`);
    const { buffer, offset } = this.placeOf(this.plan.slots.get(value)!);
    const bytes = await told(this.home.gpu, this.readBack.bytes(buffer, offset, n * 4));
    return new Float32Array(bytes.buffer, 0, n);
  }

  async readState(state: Value, begin: number, end: number): Promise<Uint8Array> {
    await this.room;
    return told(this.home.gpu, this.states.read(state, begin, end));
  }

  async writeState(state: Value, begin: number, rows: Uint8Array): Promise<void> {
    await this.room;
    this.begun.dropFrom(0);
    await told(this.home.gpu, this.states.write(state, begin, rows));
  }

  copyOf(states: readonly Value[]): StateCopy {
    const copy = this.states.copyOf(states);
    return {
      take: () => copy.take(),
      restore: () => {
        this.begun.dropFrom(0);
        return copy.restore();
      },
    };
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.begun.dropFrom(0);
    for (const buffer of this.owned) this.home.memory.free(buffer);
    this.states.dispose();
    this.readBack.dispose();
  }
}
