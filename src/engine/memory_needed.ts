import { startDryRun } from '../backends/dry/dry.ts';
import { MAX_BYTES } from '../backends/wasm/heap.ts';
import { defaultThreads } from '../backends/wasm/wasm.ts';
import { checkNames } from '../base/checks.ts';
import type { GgufFile } from '../gguf/read.ts';
import { readVocab } from '../gguf/vocab.ts';
import type { KvType } from '../graph/layer_state.ts';
import { unfused } from '../models/unfused.ts';
import { detectFeatures } from '../platform/features.ts';
import type { OpenOptions } from '../protocol/open.ts';
import { loadTokenizer } from '../tokenizers/index.ts';
import { bindModel, checkKvType, graphLimits } from './backend_plan.ts';
import { checkVocabulary } from './load_model.ts';
import { kernelFile } from './kernel_file.ts';
import { nCores } from '#platform';

/** Bytes that a model takes when it is opened. */
export interface MemoryNeeded {
  readonly nCtx: number;
  readonly kvType: KvType;
  /** Weights as they lie in memory, which is not quite as in the file. */
  readonly weightBytes: number;
  /** Keys and values of every position, in all sessions. */
  readonly kvBytes: number;
  /** Activations, tables, and room to work in. */
  readonly workBytes: number;
  readonly totalBytes: number;
}

/** What memory depends on. `maxSessions` is 1 unless given. */
export type MemoryOptions = Omit<OpenOptions, 'backend' | 'build' | 'chatTemplate'>;

const optionNames = Object.keys({
  nCtx: true,
  kvType: true,
  activations: true,
  threads: true,
  maxSessions: true,
  maxLogits: true,
} satisfies Record<keyof MemoryOptions, true>);

/** A model's header, seen by the engine that would run it. */
export interface MemoryPlanner {
  /** Positions the model was trained on. */
  readonly nCtxTrain: number;
  /** Which of `generate`, `embed` and `rank` it is for. */
  readonly makes: 'text' | 'embeddings' | 'scores';
  /** What WebAssembly can have at most. */
  readonly mostBytes: number;
  /** @throws RangeError for options out of range. */
  memoryNeeded(options?: MemoryOptions): MemoryNeeded;
}

/**
 * What a model will need, from its header alone: the plan that the WASM backend would make.
 * @throws UnsupportedError, FormatError for what `openModel` refuses by its header.
 */
export async function planMemoryOf(file: GgufFile): Promise<MemoryPlanner> {
  const bound = await bindModel(unfused(file));
  checkVocabulary(bound, await loadTokenizer(readVocab(file.metadata)));
  const { nCtxTrain, pooling } = bound.config;
  const features = detectFeatures();
  const dry = await startDryRun({ kernels: kernelFile, build: features.build, weights: bound.weights });
  dry.check(bound.record(graphLimits({ nCtx: 1 }, bound), 'f16').graph);
  const usualThreads = defaultThreads({ features, nCores: nCores() });
  return {
    nCtxTrain,
    makes: pooling === undefined ? 'text' : pooling === 'rank' ? 'scores' : 'embeddings',
    mostBytes: MAX_BYTES,
    memoryNeeded(given = {}) {
      checkNames('option of memoryNeeded', given, optionNames);
      const { threads = usualThreads, maxSessions = 1, activations, ...options } = given;
      const kvType = checkKvType(options.kvType ?? 'f16');
      const limits = graphLimits({ ...options, threads, maxSessions }, bound);
      const { graph } = bound.record(limits, kvType);
      const plan = dry.memoryOf({ graph, maxSessions, threads, activations });
      const { weightBytes, maximumBytes: totalBytes } = plan;
      const kvBytes = plan.stateBytes * maxSessions;
      const workBytes = totalBytes - weightBytes - kvBytes;
      return { nCtx: limits.nCtx, kvType, weightBytes, kvBytes, workBytes, totalBytes };
    },
  };
}

/** One question of `planMemoryOf`. */
export async function memoryNeeded(file: GgufFile, options: MemoryOptions = {}): Promise<MemoryNeeded> {
  checkNames('option of memoryNeeded', options, optionNames);
  return (await planMemoryOf(file)).memoryNeeded(options);
}
