import type { GgufFile } from './gguf/read.ts';
import type { Graph, Value } from './graph.ts';
import type { KvType } from './layer_state.ts';
import { architectureByName } from './models/index.ts';
import { graphLimits, readNumbers } from './open_model.ts';

/** Bytes that an opened model with one session takes. */
export interface MemoryNeeded {
  readonly nCtx: number;
  readonly kvType: KvType;
  readonly weightBytes: number;
  /** Keys and values of every position. */
  readonly kvBytes: number;
  /** Activations where most of them are alive at once, and tables. */
  readonly workBytes: number;
  readonly totalBytes: number;
}

/**
 * What a model will need, from its header alone.
 * @throws UnsupportedError for a family that this build does not know; RangeError for `nCtx` out of range.
 */
export async function memoryNeeded(
  file: GgufFile,
  { nCtx, kvType = 'f16' }: { readonly nCtx?: number; readonly kvType?: KvType } = {},
): Promise<MemoryNeeded> {
  const architecture = architectureByName(file.metadata.string('general.architecture'));
  const bound = architecture.bind(file.metadata, file.tensors, await readNumbers(file));
  const limits = graphLimits({ nCtx }, bound);
  const { graph, state } = bound.record(limits, kvType);
  const weightBytes = sum(bound.weights.map(({ name }) => file.tensors.get(name)!.sizeBytes));
  const kvBytes = sum(state.flatMap(({ k, v }) => [k, v]).map(bytesOf));
  const constants = new Set(graph.nodes.flatMap(({ inputs }) => inputs).filter(({ role }) => role === 'constant'));
  const workBytes = peakActivationBytes(graph) + sum([...constants].map(bytesOf));
  return { nCtx: limits.nCtx, kvType, weightBytes, kvBytes, workBytes, totalBytes: weightBytes + kvBytes + workBytes };
}

/** An activation lives from the node that makes it to the last one that reads it. */
function peakActivationBytes({ nodes, logits }: Graph): number {
  const lastUse = new Map<Value, number>([[logits, nodes.length]]);
  for (const [i, { inputs }] of nodes.entries())
    for (const value of inputs) if (value !== logits) lastUse.set(value, i);
  let live = 0;
  let peak = 0;
  for (const [i, { out, inputs }] of nodes.entries()) {
    if (out.role === 'activation') live += bytesOf(out);
    peak = Math.max(peak, live);
    for (const value of new Set(inputs))
      if (value.role === 'activation' && lastUse.get(value) === i) live -= bytesOf(value);
  }
  return peak;
}

const bytesOf = ({ shape, quant }: Value): number =>
  (shape.reduce((product, n) => product * n, 1) / quant.blockSize) * quant.blockBytes;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
