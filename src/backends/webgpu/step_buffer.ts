import { textsOf, type Step } from '../../graph/graph.ts';
import { colsOf, rowsOf } from '../../ops/op.ts';
import type { HostNode, Slot } from './calls.ts';
import type { GpuMemory } from './memory.ts';

/** Words of a row, in the order of kernels/lib/step.wgsl. */
const ROW_WORDS = 8;
const HEAD_WORDS = 4;

/** Where the count of steps stands, in bytes. */
export const NTH_AT = 12;

/** Where the token of row 0 stands, in bytes. */
export const FIRST_TOKEN_AT = 4 * HEAD_WORDS;

/** A step as kernels read it, and what the CPU makes of it before each run. */
export class StepBuffer {
  readonly buffer: GPUBuffer;
  /** Steps that were written: a device that has this number has the latest one. */
  nth = 0;
  private readonly queue: GPUQueue;
  private readonly words: Uint32Array<ArrayBuffer>;
  private readonly hosted: readonly Hosted[];

  /** @param bufferOf that of a slot */
  constructor(memory: GpuMemory, { maxTokens, hostNodes, bufferOf }: StepPlan) {
    const bytes = 4 * (HEAD_WORDS + ROW_WORDS * maxTokens);
    this.queue = memory.device.queue;
    this.buffer = memory.storage('step', bytes);
    this.words = new Uint32Array(bytes / 4);
    this.hosted = hostNodes.map(({ node, out }) => {
      return { node, out, buffer: bufferOf(out), floats: new Float32Array(out.bytes / 4) };
    });
  }

  write(step: Step): void {
    this.nth = (this.nth + 1) >>> 0;
    this.words[NTH_AT / 4] = this.nth;
    this.queue.writeBuffer(this.buffer, 0, this.words, 0, writeStep(step, this.words));
    for (const { node, buffer, floats } of this.hosted) {
      node.op.reference({ node, step, out: floats, inputs: node.inputs.map(({ data }) => data!) });
      this.queue.writeBuffer(buffer, 0, floats, 0, rowsOf(node.out.rows!, step) * colsOf(node.out));
    }
  }

  /** What the CPU made of the latest step. */
  hostRows(slot: Slot): Float32Array {
    return this.hosted.find(({ out }) => out === slot)!.floats;
  }
}

interface StepPlan {
  readonly maxTokens: number;
  readonly hostNodes: readonly HostNode[];
  readonly bufferOf: (slot: Slot) => GPUBuffer;
}

interface Hosted extends HostNode {
  readonly buffer: GPUBuffer;
  readonly floats: Float32Array<ArrayBuffer>;
}

/** Writes a step as kernels read it. @returns how many words of `into` it takes */
function writeStep(step: Step, into: Uint32Array): number {
  const { tokens, nLogits, nBest = 0 } = step;
  const texts = textsOf(step);
  into[0] = tokens.length;
  into[1] = nLogits;
  into[2] = nBest;
  for (const { first, nTokens, pos, base } of texts) {
    for (let row = first; row < first + nTokens; row++) {
      const at = HEAD_WORDS + ROW_WORDS * row;
      into[at] = tokens[row]!;
      into[at + 1] = pos + row - first;
      into[at + 2] = base;
      into[at + 3] = first;
      into[at + 4] = first + nTokens;
    }
  }
  for (const [i, { first, nTokens }] of texts.entries()) {
    into[HEAD_WORDS + ROW_WORDS * i + 5] = first;
    into[HEAD_WORDS + ROW_WORDS * i + 6] = first + nTokens;
  }
  return HEAD_WORDS + ROW_WORDS * tokens.length;
}
