/** Tables of what is in a model file: all of it, or what one looks for. */
import type { GgufFile, GgufTensor, MetadataValue } from '../../../src/gguf.ts';
import { counted, formatBytes, formatParams, plural } from '../terminal.ts';
import { hasUnknownType, maxShown, type TypeSize } from './facts.ts';

export const typeRows = (types: readonly TypeSize[]): string[][] =>
  types.map(({ type, tensors, params, bytes }) => [
    type,
    plural(tensors, 'tensor'),
    `${formatParams(params)} weights`,
    formatBytes(bytes),
  ]);

const shapeOf = ({ shape }: GgufTensor): string => `[${shape.map(counted).join(', ')}]`;

const sizeOf = (tensors: readonly GgufTensor[]): string =>
  tensors.some(hasUnknownType) ? '?' : formatBytes(tensors.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));

export const tensorRows = (file: GgufFile): string[][] =>
  [...file.tensors.values()].map((tensor) => [tensor.name, tensor.quant.name, shapeOf(tensor), sizeOf([tensor])]);

/** Tensors that layers have alike, as one row: `blk.0-29.attn_q.weight`, the type, the shape, how many, their bytes. */
export function tensorKinds(file: GgufFile): string[][] {
  const kinds = new Map<string, GgufTensor[]>();
  for (const tensor of file.tensors.values()) {
    const kind = [tensor.name.replace(layerNumber, '.N.'), tensor.quant.name, shapeOf(tensor)].join(' ');
    kinds.set(kind, [...(kinds.get(kind) ?? []), tensor]);
  }
  return [...kinds.values()].map((tensors) => {
    const [first] = tensors as [GgufTensor];
    const count = tensors.length === 1 ? '' : `${tensors.length} ×`;
    return [kindName(tensors), first.quant.name, shapeOf(first), count, sizeOf(tensors)];
  });
}

const layerNumber = /\.(\d+)\./;

function kindName(tensors: readonly GgufTensor[]): string {
  const name = tensors[0]!.name;
  if (tensors.length === 1) return name;
  const layers = tensors.map((tensor) => Number(layerNumber.exec(tensor.name)![1])).sort((a, b) => a - b);
  const isWhole = layers.every((layer, i) => layer === layers[0]! + i);
  return name.replace(layerNumber, isWhole ? `.${layers[0]}-${layers.at(-1)}.` : '.*.');
}

/** Keys that say what a model is. */
const telling =
  /^general\.(architecture|name|type|size_label|license|file_type|quantization_version)$|^tokenizer\.ggml\.(model|pre|\w+_token_id|add_\w+)$/;

export function metadataRows(file: GgufFile, all: boolean): string[][] {
  const arch = file.metadata.get('general.architecture')?.value;
  const isTelling = (key: string): boolean =>
    telling.test(key) || key.startsWith('adapter.') || key.startsWith(`${String(arch)}.`);
  return [...file.metadata.entries()]
    .filter(([key]) => all || isTelling(key))
    .map(([key, entry]) => [
      key,
      entry.type === 'array' ? `${entry.of}[${counted(entry.value.length)}]` : entry.type,
      shortened(entry),
    ]);
}

const maxTextLength = 72;

function shortened(entry: MetadataValue): string {
  const value = entry.type === 'array' ? entry.value.slice(0, maxShown) : entry.value;
  if (entry.type === 'f32') return String(Number(Number(value).toPrecision(7))); // 1e-5, not 0.000009999999747378752
  const text =
    entry.type === 'array'
      ? Array.from<unknown>(value as ArrayLike<unknown>)
          .map(plain)
          .join(', ')
      : plain(value);
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength - 1)}…` : text;
}

const plain = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' ? '[…]' : String(value);
};
