import { activationKinds, type ActivationKind } from '../graph/activations.ts';
import { MAX_THREADS } from '../backends/wasm/wasm.ts';
import type { Backend } from '../backends/backend.ts';
import type { GgufFile, GgufTensor } from '../gguf/read.ts';
import type { Graph, GraphLimits, Value } from '../graph/graph.ts';
import { kvTypes, RING_BLOCK, type KvType } from '../graph/layer_state.ts';
import type { BaseConfig, BoundModel } from '../models/architecture.ts';
import { architectureOf } from '../models/index.ts';
import { isRecorded } from '../models/weight_finder.ts';
import type { BackendName, OpenOptions } from '../protocol/open.ts';
import { elementsOf, type Tensor } from '../graph/tensor.ts';
import { checkOneOf, checkWhole } from '../base/checks.ts';

/** The backends by name. The plan of each comes from the header alone. */
export type BackendFactory = (plan: BackendPlan) => Promise<Backend>;

export interface BackendPlan {
  readonly weights: readonly Tensor[];
  /** What every session will run: memory is sized by it. */
  readonly graph: Graph;
  /** A part of it that sessions run as often. */
  readonly part?: Graph | undefined;
  /** Values of the graph that programs will be asked to keep. */
  readonly keep?: readonly Value[];
  readonly options: OpenOptions;
  /** Ends what is measured before it is there. */
  readonly signal?: AbortSignal | undefined;
}

/** Most tokens per prefill step: the weights are read once for so many, and the activations still fit in cache. */
const prefillChunk = 128;

/** Two tiles of the matrix kernel: a step that verifies 7 guesses is used to the full. */
export const usualMaxLogits = 8;

/** Sessions that can be open at a time unless `maxSessions` says otherwise. */
export const defaultSessions = 4;

/** The default limit of `nCtx`: beyond it the cache of a phone-sized model outgrows its weights. */
const defaultMaxCtx = 4096;

/** Whole numbers among the options. */
const openLimits = {
  nCtx: { min: 1, max: 2 ** 24 },
  maxLogits: { min: 1, max: prefillChunk },
  maxSessions: { min: 1, max: 1024 },
  threads: { min: 1, max: MAX_THREADS },
  gpuBytes: { min: 1 },
} as const;

/** Options that would be passed over in silence. On a GPU those of the processor are for the layers that are left to it. */
const unusedBy: { readonly [backend in BackendName]?: readonly (keyof OpenOptions)[] } = {
  wasm: ['gpuBytes'],
  reference: ['gpuBytes', 'memory', 'preferCached', 'build'],
};

/** Checks what needs no file. @throws RangeError or TypeError that names the option. */
export function checkOpenOptions(options: OpenOptions): void {
  for (const [name, limits] of Object.entries(openLimits)) {
    const value = options[name as keyof typeof openLimits];
    if (value !== undefined) checkWhole(name, value, limits);
  }
  const { backend = 'wasm', memory, preferCached } = options;
  const unused = unusedBy[backend]?.find((name) => options[name] !== undefined);
  if (unused)
    throw new TypeError(
      `${unused} is of no use to backend '${backend}'; leave it out, or choose another one, as 'auto'`,
    );
  if (memory !== undefined && memory !== 'auto') checkWhole("memory, if it is not 'auto'", memory, { min: 1 });
  if (preferCached !== undefined) checkPreferCached(preferCached, memory);
}

function checkPreferCached(margin: number, memory: OpenOptions['memory']): void {
  if (!(margin > 0 && margin <= 1))
    throw new RangeError(`preferCached is ${margin}, expected a number above 0, up to 1; leave it out to prefer none`);
  if (memory === undefined)
    throw new TypeError('preferCached is for a model in less memory than it needs; give memory, too, or leave it out');
}

/** What `memory` stands for. */
export const memoryBytes = async ({ memory }: OpenOptions): Promise<number | undefined> =>
  memory === 'auto' ? (await import('./auto_memory.ts')).autoMemory() : memory;

/** The sizes that a session of this model needs. */
export function graphLimits(options: OpenOptions, { config }: BoundModel): GraphLimits {
  checkOpenOptions(options);
  if (config.pooling) return embedderLimits(options, config);
  const { nCtx: chosen = Math.min(config.nCtxTrain, defaultMaxCtx), maxLogits = usualMaxLogits } = options;
  return { nCtx: chosen, maxTokens: Math.min(chosen, prefillChunk), maxLogits: Math.min(chosen, maxLogits) };
}

/** Longer texts are for the few: what is sized for them costs everybody memory. */
const defaultMaxText = 2048;

/** A text is read in one step where its beginning depends on its end, and several short ones are. */
function embedderLimits({ nCtx }: OpenOptions, { nCtxTrain, pooling, isBidirectional }: BaseConfig): GraphLimits {
  const chosen = nCtx ?? Math.min(nCtxTrain, defaultMaxText);
  if (isBidirectional) checkWhole('nCtx', chosen, { min: 1, max: nCtxTrain });
  const maxTokens =
    isBidirectional || (pooling !== 'last' && pooling !== 'rank') ? chosen : Math.min(chosen, prefillChunk);
  const maxTexts = Math.min(maxTokens, Math.ceil(chosen / RING_BLOCK)); // each has blocks of the caches to itself
  return { nCtx: chosen, maxTokens, maxLogits: maxTexts, maxTexts };
}

export const checkKvType = (kvType: KvType): KvType => checkOneOf('kvType', kvType, kvTypes);

export const checkActivations = (kind: ActivationKind): ActivationKind =>
  checkOneOf('activations', kind, activationKinds);

/** The largest of them are tables of positions, of 512 or 8192 rows; a tensor beyond that says something else. */
const maxRecordedBytes = 1 << 26;

/** Adapters, importance matrices and the like are GGUF files, too. */
function isModel({ metadata, tensors }: GgufFile): boolean {
  const type = metadata.get('general.type')?.value ?? 'model';
  const name = metadata.get('general.architecture')?.value;
  return type === 'model' && name !== 'controlvector' && name !== 'clip' && tensors.size > 0;
}

/**
 * Binds the family that the file names to its tensors.
 * @param file with no matrices fused.
 * @param stored where its numbers are read, when its types are supposed ones.
 */
export async function bindModel(file: GgufFile, stored = file): Promise<BoundModel> {
  if (!isModel(file)) throw (await import('../models/adapter_file.ts')).notAModel(file);
  const architecture = await architectureOf(file.metadata);
  const numbers = new Map<string, Float32Array>();
  const read = readTensor(stored);
  for (const tensor of stored.tensors.values()) {
    if (!isRecorded(tensor.name) || !tensor.quant.dequantize || tensor.sizeBytes > maxRecordedBytes) continue;
    const bytes = new Uint8Array(tensor.sizeBytes);
    await read(tensor, 0, bytes);
    const floats = new Float32Array(elementsOf(tensor));
    tensor.quant.dequantize(bytes, floats);
    numbers.set(tensor.name, floats);
  }
  return architecture.bind(file.metadata, file.tensors, numbers);
}

/** Reads inside one tensor of a (possibly split) file. */
export function readTensor(file: GgufFile, signal?: AbortSignal) {
  return (tensor: Tensor, offsetBytes: number, into: Uint8Array): Promise<void> => {
    const place = file.tensors.get(tensor.name) as GgufTensor;
    return file.sources[place.shardIndex]!.read(place.offsetBytes + offsetBytes, into, signal);
  };
}
