import { startDryRun, type DryRun } from '../backends/dry/dry.ts';
import { MAX_BYTES } from '../backends/wasm/heap.ts';
import type { PagingPlan } from '../backends/backend.ts';
import type { ProgramPlan } from '../backends/wasm/plan.ts';
import { defaultThreads } from '../backends/wasm/wasm.ts';
import { checkNames } from '../base/checks.ts';
import { UnsupportedError } from '../base/errors.ts';
import type { GgufFile, GgufTensor } from '../gguf/read.ts';
import { readVocab } from '../gguf/vocab.ts';
import type { Graph } from '../graph/graph.ts';
import type { KvType } from '../graph/layer_state.ts';
import type { BoundModel } from '../models/architecture.ts';
import { unfused } from '../models/unfused.ts';
import { detectFeatures } from '../platform/features.ts';
import type { OpenOptions } from '../protocol/open.ts';
import type { QuantType } from '../quants/quant_type.ts';
import { loadTokenizer } from '../tokenizers/index.ts';
import { bindModel, checkKvType, graphLimits } from './backend_plan.ts';
import { checkVocabulary } from './load_model.ts';
import { kernelFile } from './kernel_file.ts';
import { copyBytes } from './snapshots.ts';
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
export type MemoryOptions = Omit<
  OpenOptions,
  'backend' | 'gpuBytes' | 'memory' | 'preferCached' | 'build' | 'chatTemplate'
>;

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

/** The same, for whoever asks what else a model's header tells. */
export interface HeaderPlanner extends MemoryPlanner {
  readonly bound: BoundModel;
  readonly usualThreads: number;
  /** Bytes of the copies of states that sessions keep to go back to, beside what `memoryNeeded` counts. */
  copyBytes(options: MemoryOptions): number;
  /** What it takes and reads in so many bytes, with weights that are read when they are used; undefined where that is not enough. */
  pagedIn(options: MemoryOptions, budgetBytes: number): PagingPlan | undefined;
  /** Why the backend would refuse a cache of this type; undefined where it takes it. */
  refusal(kvType: KvType): string | undefined;
  /** What a session runs. */
  graphOf(options: MemoryOptions): Graph;
  /** The kernel calls of a session's step. */
  planStep(options: MemoryOptions): ProgramPlan;
  /** The same model with weights of other types. */
  withTypes(typeOf: (tensor: GgufTensor) => QuantType): Promise<HeaderPlanner>;
}

/**
 * What a model will need, from its header alone: the plan that the WASM backend would make.
 * @throws UnsupportedError, FormatError for what `openModel` refuses by its header.
 */
export async function planMemoryOf(file: GgufFile): Promise<HeaderPlanner> {
  const whole = unfused(file);
  const bound = await bindModel(whole);
  checkVocabulary(bound, await loadTokenizer(readVocab(file.metadata)));
  const features = detectFeatures();
  const dry = await startDryRun({ kernels: kernelFile, build: features.build });
  dry.check(bound.record(graphLimits({ nCtx: 1 }, bound), 'f16').graph);
  return plannerOf(whole, { bound, dry, usualThreads: defaultThreads({ features, nCores: nCores() }) });
}

interface Planning {
  readonly bound: BoundModel;
  readonly dry: DryRun;
  readonly usualThreads: number;
}

/** @param file with no matrices fused. */
function plannerOf(file: GgufFile, { bound, dry, usualThreads }: Planning): HeaderPlanner {
  const { nCtxTrain, pooling } = bound.config;
  const recorded = ({ nCtx, kvType, threads, maxSessions, maxLogits }: MemoryOptions) => {
    const limits = graphLimits({ nCtx, maxLogits, threads, maxSessions }, bound);
    return bound.record(limits, checkKvType(kvType ?? 'f16'));
  };
  return {
    bound,
    usualThreads,
    nCtxTrain,
    makes: pooling === undefined ? 'text' : pooling === 'rank' ? 'scores' : 'embeddings',
    mostBytes: MAX_BYTES,
    memoryNeeded(given = {}) {
      checkNames('option of memoryNeeded', given, optionNames);
      const { threads = usualThreads, maxSessions = 1, activations, kvType = 'f16' } = given;
      const { graph } = recorded({ ...given, threads, maxSessions });
      const plan = dry.memoryOf({ weights: bound.weights, graph, maxSessions, threads, activations });
      const { weightBytes, maximumBytes: totalBytes } = plan;
      const kvBytes = plan.stateBytes * maxSessions;
      const workBytes = totalBytes - weightBytes - kvBytes;
      return { nCtx: graph.nCtx, kvType, weightBytes, kvBytes, workBytes, totalBytes };
    },
    pagedIn(given, budgetBytes) {
      const { threads = usualThreads, maxSessions = 1, activations } = given;
      const { graph } = recorded({ ...given, threads, maxSessions });
      return dry.pagedIn({ weights: bound.weights, graph, maxSessions, threads, activations }, budgetBytes);
    },
    copyBytes: (given) => (given.maxSessions ?? 1) * copyBytes(recorded(given).state),
    refusal(kvType) {
      try {
        dry.check(recorded({ nCtx: 1, kvType }).graph);
        return undefined;
      } catch (error) {
        if (error instanceof UnsupportedError) return error.message;
        throw error;
      }
    },
    graphOf: (options) => recorded(options).graph,
    planStep: (options) => dry.planOf(recorded(options).graph, options.activations),
    async withTypes(typeOf) {
      const tensors = new Map([...file.tensors].map(([name, tensor]) => [name, { ...tensor, quant: typeOf(tensor) }]));
      const other = { ...file, tensors };
      return plannerOf(other, { bound: await bindModel(other, file), dry, usualThreads });
    },
  };
}

/** One question of `planMemoryOf`. */
export async function memoryNeeded(file: GgufFile, options: MemoryOptions = {}): Promise<MemoryNeeded> {
  checkNames('option of memoryNeeded', options, optionNames);
  return (await planMemoryOf(file)).memoryNeeded(options);
}
