/** Writes models in several files, as llama.cpp splits them, and in one again. */
import { checkNames } from '../base/checks.ts';
import { counted, roundUp, sum } from '../base/numbers.ts';
import type { ByteSink } from '../bytes/source.ts';
import type { Tensor } from '../graph/tensor.ts';
import { quoted } from './limits.ts';
import type { GgufFile, GgufTensor } from './read.ts';
import { formatShardName } from './shard_names.ts';
import { headerBytes, streamGguf, writeGguf } from './write.ts';
import type { MetadataToWrite, TensorToWrite, WriteOptions } from './write.ts';

/** `split.count` is a u16 and the name has five digits. */
const maxShards = 65_535;
const pieceBytes = 4 * 2 ** 20;

export interface SplitOptions extends WriteOptions {
  /** Files are named `PREFIX-00001-of-0000N.gguf`. */
  readonly prefix: string;
  /** No file is longer, header included. */
  readonly maxShardBytes: number;
  readonly openSink: (name: string) => Promise<ByteSink>;
}

/**
 * Writes a model as shards that llama.cpp opens too. Tensors and metadata are copied byte for byte; all files appear, or none.
 * @returns the names, in order.
 * @throws RangeError where a tensor, or the metadata, does not fit into `maxShardBytes`; otherwise what `writeGguf` throws.
 */
export async function splitGguf(file: GgufFile, options: SplitOptions): Promise<string[]> {
  checkNames('option of splitGguf', options, ['prefix', 'maxShardBytes', 'openSink', 'onProgress', 'signal']);
  const { prefix, openSink, onProgress, signal } = options;
  const metadata = await copyMetadata(file, signal);
  const shards = planShards(file, metadata, options.maxShardBytes);
  const nShards = shards.length;
  const names = shards.map((_, shardIndex) => formatShardName({ prefix, shardIndex, nShards }));
  const sinks: ByteSink[] = [];
  const totalBytes = sumBytes(shards.flat());
  let doneBytes = 0;
  try {
    for (const name of names) sinks.push(await openSink(name));
    for (const [shardIndex, tensors] of shards.entries()) {
      const split = splitKeys(shardIndex, nShards, file.tensors.size);
      const content = {
        metadata: new Map([...(shardIndex === 0 ? metadata : alignmentOnly(metadata)), ...split]),
        tensors: tensors.map((tensor) =>
          copyTensor(file, tensor, signal, (bytes) => onProgress?.((doneBytes += bytes), totalBytes)),
        ),
      };
      await streamGguf(sinks[shardIndex]!, content, { signal });
    }
    for (const sink of sinks) await sink.finish();
    return names;
  } catch (error) {
    await Promise.allSettled(sinks.map((sink) => sink.abort()));
    throw error;
  }
}

/** Writes a split model as one file: tensors and metadata byte for byte, without the `split.*` keys. */
export async function mergeGguf(file: GgufFile, sink: ByteSink, options: WriteOptions = {}): Promise<void> {
  const metadata = await copyMetadata(file, options.signal).catch(async (error: unknown) => {
    await Promise.allSettled([sink.abort()]);
    throw error;
  });
  const tensors = [...file.tensors.values()].map((tensor) => copyTensor(file, tensor, options.signal));
  await writeGguf(sink, { metadata, tensors }, options);
}

/** Everything but the `split.*` keys, encoded as it stands in the file; the alignment as a value, because the writer goes by it. */
export async function copyMetadata(file: GgufFile, signal?: AbortSignal): Promise<Map<string, MetadataToWrite>> {
  const copied = new Map<string, MetadataToWrite>();
  for (const [key, { offsetBytes, sizeBytes }] of file.metadataRanges) {
    if (key === 'split.no' || key === 'split.count' || key === 'split.tensors.count') continue;
    const bytes = new Uint8Array(sizeBytes);
    await file.sources[0]!.read(offsetBytes, bytes, signal);
    copied.set(key, key === 'general.alignment' ? file.metadata.get(key)! : bytes);
  }
  return copied;
}

function alignmentOnly(metadata: ReadonlyMap<string, MetadataToWrite>): [string, MetadataToWrite][] {
  return [...metadata].filter(([key]) => key === 'general.alignment');
}

/** The types are llama.cpp's. */
function splitKeys(shardIndex: number, nShards: number, nTensors: number): [string, MetadataToWrite][] {
  return [
    ['split.no', { type: 'u16', value: shardIndex }],
    ['split.count', { type: 'u16', value: nShards }],
    ['split.tensors.count', { type: 'i32', value: nTensors }],
  ];
}

/** Fills one shard after the other, in the file's order. A shard may hold metadata alone, where a tensor fits only without it. */
function planShards(file: GgufFile, metadata: Map<string, MetadataToWrite>, maxShardBytes: number): GgufTensor[][] {
  const keys = new Map(splitKeys(0, 1, 0));
  const emptyShard = headerBytes({ metadata: new Map([...alignmentOnly(metadata), ...keys]), tensors: [] });
  const tensorHeader = (tensor: Tensor) => headerBytes({ metadata: new Map(), tensors: [tensor] }) - 24;
  const shards: GgufTensor[][] = [[]];
  let header = headerBytes({ metadata: new Map([...metadata, ...keys]), tensors: [] });
  let data = 0;
  if (roundUp(header, file.alignment) > maxShardBytes) {
    throw new RangeError(
      `maxShardBytes is ${counted(maxShardBytes)}, the metadata alone needs ${counted(roundUp(header, file.alignment))}`,
    );
  }
  for (const tensor of file.tensors.values()) {
    const moreHeader = tensorHeader(tensor);
    const moreData = roundUp(tensor.sizeBytes, file.alignment);
    if (roundUp(header + moreHeader, file.alignment) + data + moreData > maxShardBytes) {
      shards.push([]);
      header = emptyShard;
      data = 0;
      const alone = roundUp(header + moreHeader, file.alignment) + moreData;
      if (alone > maxShardBytes) {
        throw new RangeError(
          `maxShardBytes is ${counted(maxShardBytes)}, a shard with ${quoted(tensor.name)} needs ${counted(alone)}`,
        );
      }
    }
    shards.at(-1)!.push(tensor);
    header += moreHeader;
    data += moreData;
  }
  if (shards.length > maxShards)
    throw new RangeError(
      `maxShardBytes of ${counted(maxShardBytes)} makes ${shards.length} shards, at most ${maxShards}`,
    );
  return shards;
}

const sumBytes = (tensors: readonly GgufTensor[]): number => sum(tensors.map(({ sizeBytes }) => sizeBytes));

/** A tensor to write whose bytes are read from `file` in pieces when their turn comes. */
function copyTensor(
  file: GgufFile,
  tensor: GgufTensor,
  signal?: AbortSignal,
  onPiece?: (bytes: number) => void,
): TensorToWrite {
  const { name, quant, shape } = tensor;
  return {
    name,
    quant,
    shape,
    pieces: async function* () {
      const source = file.sources[tensor.shardIndex]!;
      const buffer = new Uint8Array(Math.min(pieceBytes, tensor.sizeBytes));
      for (let done = 0; done < tensor.sizeBytes; done += buffer.length) {
        const piece = buffer.subarray(0, Math.min(buffer.length, tensor.sizeBytes - done));
        await source.read(tensor.offsetBytes + done, piece, signal);
        yield piece;
        onPiece?.(piece.length);
      }
    },
  };
}
