import { checkNames } from '../base/checks.ts';
import { memoryOf } from '../backends/dry/dry.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { KvType } from '../graph/layer_state.ts';
import { architectureByName } from '../models/index.ts';
import { graphLimits, readNumbers } from './backend_plan.ts';
import { readBeside } from '#platform';

/** Bytes that an opened model with one session takes, on one thread. */
export interface MemoryNeeded {
  readonly nCtx: number;
  readonly kvType: KvType;
  /** Weights as they lie in memory, which is not quite as in the file. */
  readonly weightBytes: number;
  /** Keys and values of every position. */
  readonly kvBytes: number;
  /** Activations, tables, and room to work in. */
  readonly workBytes: number;
  readonly totalBytes: number;
}

/**
 * What a model will need, from its header alone: the plan that the WASM backend would make.
 * @throws UnsupportedError for a family that this build does not know; RangeError for `nCtx` out of range.
 */
export async function memoryNeeded(
  file: GgufFile,
  options: { readonly nCtx?: number; readonly kvType?: KvType } = {},
): Promise<MemoryNeeded> {
  checkNames('option of memoryNeeded', options, ['nCtx', 'kvType']);
  const { nCtx, kvType = 'f16' } = options;
  const architecture = architectureByName(file.metadata.string('general.architecture'));
  const bound = architecture.bind(file.metadata, file.tensors, await readNumbers(file));
  const limits = graphLimits({ nCtx }, bound);
  const { graph } = bound.record(limits, kvType);
  const kernels = await readBeside(new URL('../thimble.simd.wasm', import.meta.url)); // seen from dist/node/
  const plan = await memoryOf({ weights: bound.weights, graph, maxSessions: 1, threads: 1, kernels });
  const { weightBytes, stateBytes: kvBytes, initialBytes: totalBytes } = plan;
  return { nCtx: limits.nCtx, kvType, weightBytes, kvBytes, workBytes: totalBytes - weightBytes - kvBytes, totalBytes };
}
