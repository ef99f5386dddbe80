/** What a model file says about itself, in numbers and for programs. */
import type { GgufFile, GgufTensor, MetadataValue } from '../../../src/gguf.ts';
import type { Fit } from '../../../src/index.ts';
import { plural } from '../terminal.ts';
import { helpOf, type Fitting } from './fit.ts';

/** Longer arrays are vocabularies: they are counted, not shown. */
export const maxShown = 16;

const nElements = ({ shape }: GgufTensor): number => shape.reduce((product, n) => product * n, 1);

/** Nobody knows the size of a type that came after this build. */
export const hasUnknownType = ({ quant }: GgufTensor): boolean => quant.blockBytes === 0;

export interface TypeSize {
  readonly type: string;
  readonly tensors: number;
  readonly params: number;
  readonly bytes: number;
}

/** The largest first. */
export function sizesByType(file: GgufFile): TypeSize[] {
  const sizes = new Map<string, TypeSize>();
  for (const tensor of file.tensors.values()) {
    const type = tensor.quant.name;
    const before = sizes.get(type) ?? { type, tensors: 0, params: 0, bytes: 0 };
    const { tensors, params, bytes } = before;
    const more = { tensors: tensors + 1, params: params + nElements(tensor), bytes: bytes + tensor.sizeBytes };
    sizes.set(type, { type, ...more });
  }
  return [...sizes.values()].sort((a, b) => b.bytes - a.bytes);
}

/** Sums over all tensors. */
export function sumsOf(types: readonly TypeSize[]): { readonly params: number; readonly bytes: number } {
  const sum = (what: 'params' | 'bytes') => types.reduce((total, row) => total + row[what], 0);
  return { params: sum('params'), bytes: sum('bytes') };
}

/** A key's text, unless it is missing or something else. */
export function textOf({ metadata }: GgufFile, key: string): string | undefined {
  const value = metadata.get(key)?.value;
  return typeof value === 'string' ? value : undefined;
}

/** Adapters, importance matrices and the like are files for a model. */
export const isModel = (file: GgufFile): boolean =>
  (textOf(file, 'general.type') ?? 'model') === 'model' &&
  !['controlvector', 'clip'].includes(textOf(file, 'general.architecture') ?? '');

/** `LoRA, rank 16, alpha 32, for llama`; undefined for a model. */
export function adapterText(file: GgufFile): string | undefined {
  const arch = textOf(file, 'general.architecture');
  if (arch === 'controlvector') {
    const hint = textOf(file, 'controlvector.model_hint');
    return `control vector of ${plural(file.tensors.size, 'layer')}${hint === undefined ? '' : `, for ${hint}`}`;
  }
  if (textOf(file, 'general.type') !== 'adapter') return undefined;
  const ranks = [...file.tensors.values()].flatMap(({ name, shape }) =>
    name.endsWith('.lora_b') ? [shape.at(-1)!] : [],
  );
  const [least, most] = [Math.min(...ranks), Math.max(...ranks)];
  const alpha = file.metadata.get('adapter.lora.alpha')?.value;
  const facts = [
    textOf(file, 'adapter.type') === 'lora' ? 'LoRA' : `${textOf(file, 'adapter.type') ?? 'not said what'}`,
    ...(ranks.length === 0 ? [] : [`rank ${least === most ? most : `${least} to ${most}`}`]),
    ...(typeof alpha === 'number' ? [`alpha ${alpha}`] : []),
    `${plural(ranks.length, 'matrix', 'matrices')} of ${arch ?? 'a family that is not said'}`,
  ];
  return facts.join(', ');
}

/** Everything, for `--json`. */
export function toJson(file: GgufFile, name: string, fitting: Fitting) {
  const { fit, why, warnings } = fitting;
  const types = sizesByType(file);
  const { params, bytes } = sumsOf(types);
  return {
    name,
    ...(adapterText(file) !== undefined && { adapter: adapterText(file) }),
    ...(fit !== undefined && { makes: fit.model.makes }),
    version: file.version,
    files: file.sources.map((source) => ({ name: source.name, bytes: source.size })),
    params,
    weight_bytes: bytes,
    types,
    chat_template: file.metadata.has('tokenizer.chat_template'),
    warnings,
    memory: memoryJson(fitting),
    fits: {
      verdict: fit?.verdict ?? 'no',
      largest_ctx: fit?.largestNCtx ?? 0,
      allowed_bytes: fit?.allowedBytes,
      why,
      help: fit ? helpOf(fit) : [],
      decode_tps: fit?.tokensPerSecond?.decode,
      paged: fit?.paged && pagedJson(fit.paged),
    },
    metadata: Object.fromEntries([...file.metadata.entries()].map(([key, entry]) => [key, jsonValue(entry)])),
    tensors: [...file.tensors.values()].map((tensor) => ({
      name: tensor.name,
      type: tensor.quant.name,
      shape: tensor.shape,
      bytes: hasUnknownType(tensor) ? null : tensor.sizeBytes,
      shard: tensor.shardIndex,
      offset: tensor.offsetBytes,
    })),
  };
}

const pagedJson = (paged: NonNullable<Fit['paged']>) => ({
  memory_bytes: paged.memoryBytes,
  bytes_per_token: paged.bytesPerToken,
  decode_tps: paged.tokensPerSecond,
  storage_bytes_per_second: paged.storageBytesPerSecond,
  counts_computing: paged.countsComputing,
});

function memoryJson({ fit, why }: Fitting) {
  if (fit === undefined) return { error: why };
  const { needs } = fit;
  return {
    ctx: fit.nCtx,
    kv_type: fit.kvType,
    weight_bytes: needs.weightBytes,
    kv_bytes: needs.kvBytes,
    work_bytes: needs.workBytes,
    total_bytes: needs.totalBytes,
    script_bytes: needs.scriptBytes,
    gpu: fit.gpu && gpuJson(fit.gpu),
  };
}

const gpuJson = ({ name, needs, refused, reason }: NonNullable<Fit['gpu']>) => ({
  name,
  weight_bytes: needs?.weightBytes,
  session_bytes: needs?.sessionBytes,
  total_bytes: needs?.totalBytes,
  refused,
  reason,
});

function jsonValue(entry: MetadataValue): unknown {
  if (entry.type !== 'array') return typeof entry.value === 'bigint' ? String(entry.value) : entry.value;
  if (entry.value.length > maxShown) return { array_of: entry.of, length: entry.value.length };
  if (entry.of === 'array') return entry.value.map(jsonValue);
  return Array.from<unknown>(entry.value as ArrayLike<unknown>).map((item) =>
    typeof item === 'bigint' ? String(item) : item,
  );
}
