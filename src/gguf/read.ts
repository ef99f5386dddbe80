import { checkNames } from '../base/checks.ts';
import { FormatError } from '../base/errors.ts';
import { counted, roundUp } from '../base/numbers.ts';
import type { ByteSource } from '../bytes/source.ts';
import type { Tensor } from '../graph/tensor.ts';
import { checkForm } from './foreign_types.ts';
import { parseHeader, startHeader } from './header.ts';
import type { ByteRange, Header, TensorInfo } from './header.ts';
import { checkLimit, limits, quoted } from './limits.ts';
import { createMetadata } from './metadata.ts';
import type { Metadata } from './metadata.ts';

/** A tensor and where its bytes lie. */
export interface GgufTensor extends Tensor {
  /** Index into `GgufFile.sources`. */
  readonly shardIndex: number;
  /** Absolute, in its shard's file. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** A model file, or all shards of one, with every byte of weights still where it was. */
export interface GgufFile {
  readonly version: number;
  /** Tensors start at multiples of this in the file. */
  readonly alignment: number;
  readonly metadata: Metadata;
  /** Where each entry's type id and value stand in the first source: for copying them byte for byte. */
  readonly metadataRanges: ReadonlyMap<string, ByteRange>;
  /** By name, in the file's order. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** One file, or the shards in order. Whoever opened them closes them. */
  readonly sources: readonly ByteSource[];
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Keeps tensors of types that this build does not know, as having no bytes: for looking at a file, not for its weights. */
  readonly keepUnknown?: boolean;
}

export const defaultAlignment = 32;

const firstPieceBytes = 256 * 1024;

/**
 * Reads the header of one GGUF file, version 2 or 3, and none of its weights: a 20 GB file opens in milliseconds. The shards of
 * a split file are opened together by `openGguf`.
 * @throws FormatError where the file is truncated, corrupted or hostile; UnsupportedError for version 1, big-endian files
 *   and unknown tensor types; ResourceError where the source fails; AbortError on `signal`.
 */
export async function readGguf(source: ByteSource, options: ReadOptions = {}): Promise<GgufFile> {
  checkNames('option of readGguf', options, ['signal', 'keepUnknown']);
  const { signal, keepUnknown } = options;
  signal?.throwIfAborted();
  if (source.size === 0) throw new FormatError(`${source.name} is empty; interrupted download?`);
  const header = startHeader(source.name, source.size, keepUnknown);
  while (!parseHeader(header)) await readOn(header, source, signal);
  const alignment = readAlignment(header);
  const tensors = placeTensors(header, alignment);
  await Promise.all([...tensors.values()].map(({ quant }) => quant.load?.()));
  const { version, metadataRanges } = header;
  return {
    version,
    alignment,
    metadata: createMetadata(header.metadata, source.name),
    metadataRanges,
    tensors,
    sources: [source],
  };
}

/** Grows the piece at hand eightfold (twofold over a network) or to what is wanted, so that long headers take few reads and short ones little memory. */
async function readOn(header: Header, source: ByteSource, signal?: AbortSignal): Promise<void> {
  const have = header.bytes;
  const longer = (source.isRemote ? 2 : 8) * have.length;
  const goal = Math.min(Math.max(firstPieceBytes, longer), limits.headerBytes.max);
  const bytes = new Uint8Array(Math.min(Math.max(header.wantedBytes, goal), source.size));
  bytes.set(have);
  await source.read(have.length, bytes.subarray(have.length), signal);
  header.bytes = bytes;
  header.view = new DataView(bytes.buffer);
}

function readAlignment({ metadata, fileName }: Header): number {
  const entry = metadata.get('general.alignment');
  if (!entry) return defaultAlignment;
  const where = `${fileName}: general.alignment`;
  const alignment = entry.value;
  if (entry.type !== 'u32' || typeof alignment !== 'number')
    throw new FormatError(`${where} has type ${entry.type}, expected u32`);
  checkLimit('alignment', alignment, where);
  if (alignment === 0 || (alignment & (alignment - 1)) !== 0) {
    throw new FormatError(`${where} is ${alignment}, expected a power of two; corrupted file?`);
  }
  return alignment;
}

function placeTensors(header: Header, alignment: number): Map<string, GgufTensor> {
  const dataOffset = roundUp(header.at, alignment);
  const tensors = new Map<string, GgufTensor>();
  for (const info of header.tensors.values()) tensors.set(info.name, placeTensor(info, header, dataOffset, alignment));
  const inFileOrder = [...tensors.values()].sort((a, b) => a.offsetBytes - b.offsetBytes);
  for (const [i, tensor] of inFileOrder.entries()) {
    const before = inFileOrder[i - 1];
    if (before && before.offsetBytes + before.sizeBytes > tensor.offsetBytes) {
      const bytes = tensor.offsetBytes - before.offsetBytes;
      checkForm(before, { bytes, alignment }, `${header.fileName}: ${quoted(before.name)}`);
      throw new FormatError(
        `${header.fileName}: tensors ${quoted(before.name)} and ${quoted(tensor.name)} overlap; corrupted file?`,
      );
    }
    const end = before ? before.offsetBytes + before.sizeBytes : dataOffset;
    const isCertain = before?.quant.blockBytes !== 0; // of a type that came after this build nobody knows the size
    if (isCertain && tensor.offsetBytes - end >= alignment) {
      const gap = `${counted(tensor.offsetBytes - end)} bytes in front of ${quoted(tensor.name)} belong to no tensor`;
      throw new FormatError(`${header.fileName}: ${gap}; a type or a size in its header is wrong`);
    }
  }
  return tensors;
}

function placeTensor(info: TensorInfo, header: Header, dataOffset: number, alignment: number): GgufTensor {
  const { name, quant, shape, relativeBytes, sizeBytes } = info;
  const where = `${header.fileName}: ${quoted(name)}`;
  if (relativeBytes % alignment !== 0) {
    throw new FormatError(
      `${where} starts at ${counted(relativeBytes)}, expected a multiple of ${alignment}; corrupted file?`,
    );
  }
  const offsetBytes = dataOffset + relativeBytes;
  const tensor: GgufTensor = { name, quant, shape, shardIndex: 0, offsetBytes, sizeBytes };
  if (offsetBytes + sizeBytes > header.fileBytes) {
    checkForm(tensor, { bytes: header.fileBytes - offsetBytes, alignment }, where);
    throw new FormatError(
      `${where} needs ${counted(sizeBytes)} bytes at ${counted(offsetBytes)}, ` +
        `the file ends at ${counted(header.fileBytes)}; truncated download?`,
    );
  }
  return tensor;
}
