import { sum } from '../../base/numbers.ts';
import type { Graph } from '../../graph/graph.ts';
import { elementsOf, type Tensor } from '../../graph/tensor.ts';
import { plainWeights } from '../matrices.ts';
import { bestCalls } from './best.ts';
import { bufferBytes } from './memory.ts';
import { partBytes, partsOf } from './parts.ts';
import { planProgram } from './plan.ts';
import type { Surroundings } from './calls.ts';
import { stepBytes } from './step_buffer.ts';

/** Bytes that a model takes on a device, worked out from its header. What runtimes keep for themselves is not in it. */
export interface GpuBytes {
  readonly weightBytes: number;
  /** Of each session: its keys and values, and the rest. */
  readonly stateBytes: number;
  readonly workBytes: number;
}

/** The bytes of all buffers that an upload and `prepare` make. */
export function bytesOnGpu(weights: readonly Tensor[], graph: Graph, surroundings: Surroundings): GpuBytes {
  const plain = plainWeights(graph);
  const weightBytes = sum(weights.map((tensor) => bytesOfWeight(tensor, plain, surroundings.bindingBytes)));
  const { slots, shared } = planProgram(graph, surroundings);
  const unique = [...new Set(slots.values())];
  const bytesOf = (...roles: string[]): number =>
    sum(unique.filter(({ role }) => roles.includes(role)).map(({ bytes }) => bufferBytes(bytes)));
  const small = [stepBytes(graph.maxTokens), 4]; // the step, and whether something was lost
  if (graph.logits.rows === 'logits') {
    const { parts, list } = bestCalls(graph, slots.get(graph.logits)!);
    small.push(parts.bytes, list.bytes);
  }
  return {
    weightBytes: weightBytes + bufferBytes(0), // what is bound where an input is left out
    stateBytes: bytesOf('state'),
    workBytes: bytesOf('constant', 'host') + sum([...shared, ...small].map(bufferBytes)),
  };
}

function bytesOfWeight(tensor: Tensor, plain: ReadonlySet<string>, bindingBytes: number): number {
  if (tensor.shape.length === 1 || plain.has(tensor.name)) return bufferBytes(elementsOf(tensor) * 4);
  const parts = partsOf(tensor, bindingBytes);
  return sum(parts.map(({ rowBegin, rowEnd }) => bufferBytes(partBytes(tensor, rowEnd - rowBegin))));
}
