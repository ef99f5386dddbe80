import { checkNames } from '../base/checks.ts';
import { FormatError } from '../base/errors.ts';
import { counted, roundUp, sum } from '../base/numbers.ts';
import type { ByteSink } from '../bytes/source.ts';
import type { Tensor } from '../graph/tensor.ts';
import { tensorBytes } from './header.ts';
import { checkLimit, quoted } from './limits.ts';
import { defaultAlignment } from './read.ts';
import { numberType, valueTypeNames } from './value_types.ts';
import type { MetadataArray, MetadataValue, NumberName } from './value_types.ts';

/** A value, or its type id and value already encoded, copied from another file. */
export type MetadataToWrite = MetadataValue | Uint8Array;

export interface TensorToWrite extends Tensor {
  /** The tensor's bytes in pieces of any size, asked for once, when their turn comes. A piece is used up before the next is asked for. */
  readonly pieces: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** `general.alignment`, where present and a `u32`, decides where tensors start; 32 otherwise. */
export interface GgufToWrite {
  readonly metadata: ReadonlyMap<string, MetadataToWrite>;
  /** In the order their bytes will have in the file. */
  readonly tensors: readonly TensorToWrite[];
}

export interface WriteOptions {
  /** Called after each piece with the bytes written so far and in all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes a GGUF version 3 file, never holding more than the header and one piece of a tensor. The file gets its name when it
 * is whole; on any failure the sink is aborted and nothing is left.
 * @throws FormatError where the reader would refuse the result; RangeError where a tensor's pieces do not add up; ResourceError
 *   where the sink fails; AbortError on `signal`.
 */
export async function writeGguf(sink: ByteSink, content: GgufToWrite, options: WriteOptions = {}): Promise<void> {
  try {
    checkNames('option of writing', options, ['onProgress', 'signal']);
    await streamGguf(sink, content, options);
    await sink.finish();
  } catch (error) {
    await Promise.allSettled([sink.abort()]); // the first error is the one that matters
    throw error;
  }
}

/** `writeGguf` without the end: the caller finishes or aborts the sink, so that a set of files appears together. */
export async function streamGguf(
  sink: ByteSink,
  content: GgufToWrite,
  { onProgress, signal }: WriteOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const alignment = alignmentOf(content);
  const header = encodeHeader(content, alignment);
  const paddedBytes = (tensor: Tensor) => roundUp(tensorBytes(tensor.quant, tensor.shape, tensor.name), alignment);
  const totalBytes = header.length + sum(content.tensors.map(paddedBytes));
  await sink.write(header);
  let doneBytes = header.length;
  onProgress?.(doneBytes, totalBytes);
  for (const tensor of content.tensors) {
    const end = doneBytes + paddedBytes(tensor);
    const sizeBytes = tensorBytes(tensor.quant, tensor.shape, tensor.name);
    let leftBytes = sizeBytes;
    for await (const piece of tensor.pieces()) {
      signal?.throwIfAborted();
      leftBytes -= piece.length;
      if (leftBytes < 0) break;
      await sink.write(piece);
      doneBytes += piece.length;
      onProgress?.(doneBytes, totalBytes);
    }
    if (leftBytes !== 0) {
      const came = leftBytes < 0 ? 'more' : counted(sizeBytes - leftBytes);
      throw new RangeError(
        `${quoted(tensor.name)}: ${came} bytes came, expected ${counted(sizeBytes)} for [${tensor.shape.join(', ')}]`,
      );
    }
    await sink.write(new Uint8Array(end - doneBytes));
    doneBytes = end;
  }
  onProgress?.(doneBytes, totalBytes);
}

function alignmentOf({ metadata }: GgufToWrite): number {
  const entry = metadata.get('general.alignment');
  if (!entry) return defaultAlignment;
  if (entry instanceof Uint8Array || entry.type !== 'u32')
    throw new TypeError('general.alignment must be given as a u32 value');
  const alignment = Number(entry.value);
  checkLimit('alignment', alignment, 'general.alignment');
  if (Number.isInteger(Math.log2(alignment))) return alignment;
  throw new RangeError(`general.alignment is ${alignment}, expected a power of two`);
}

/** Everything before the data section, padded to it. */
function encodeHeader({ metadata, tensors }: GgufToWrite, alignment: number): Uint8Array {
  checkLimit('metadataEntries', metadata.size, 'GGUF to write');
  checkLimit('tensors', tensors.length, 'GGUF to write');
  const out = startEncoder();
  out.raw(new TextEncoder().encode('GGUF'));
  out.number('u32', 3);
  out.number('u64', tensors.length);
  out.number('u64', metadata.size);
  for (const [key, value] of metadata) encodeEntry(out, key, value);
  let relativeBytes = 0;
  const names = new Set<string>();
  for (const tensor of tensors) {
    if (names.has(tensor.name)) throw new FormatError(`GGUF to write: two tensors are named ${quoted(tensor.name)}`);
    names.add(tensor.name);
    encodeTensor(out, tensor, relativeBytes);
    relativeBytes += roundUp(tensorBytes(tensor.quant, tensor.shape, tensor.name), alignment);
  }
  out.raw(new Uint8Array(roundUp(out.size(), alignment) - out.size()));
  checkLimit('headerBytes', out.size(), 'GGUF to write');
  return out.bytes();
}

/** Bytes of the header without its padding: 24, and what each metadata entry and tensor takes. */
export function headerBytes({
  metadata,
  tensors,
}: {
  metadata: GgufToWrite['metadata'];
  tensors: readonly Tensor[];
}): number {
  const out = startEncoder();
  for (const [key, value] of metadata) encodeEntry(out, key, value);
  for (const tensor of tensors) encodeTensor(out, tensor, 0);
  return 24 + out.size();
}

function encodeEntry(out: Encoder, key: string, value: MetadataToWrite): void {
  if (key === '') throw new RangeError('GGUF to write: a metadata key is empty');
  checkLimit('keyBytes', out.string(key), quoted(key));
  if (value instanceof Uint8Array) return out.raw(value);
  out.number('u32', valueTypeNames.indexOf(value.type));
  if (value.type === 'array') return encodeArray(out, value, 1, key);
  if (value.type === 'string') return checkLimit('stringBytes', out.string(value.value), quoted(key));
  out.number(value.type, typeof value.value === 'boolean' ? Number(value.value) : value.value);
}

function encodeArray(out: Encoder, array: MetadataArray, depth: number, key: string): void {
  checkLimit('arrayDepth', depth, quoted(key));
  checkLimit('arrayLength', array.value.length, quoted(key));
  out.number('u32', valueTypeNames.indexOf(array.of));
  out.number('u64', array.value.length);
  if (array.of === 'string') for (const text of array.value) checkLimit('stringBytes', out.string(text), quoted(key));
  else if (array.of === 'array') for (const inner of array.value) encodeArray(out, inner, depth + 1, key);
  else out.raw(new Uint8Array(array.value.buffer, array.value.byteOffset, array.value.byteLength));
}

function encodeTensor(out: Encoder, tensor: Tensor, relativeBytes: number): void {
  if (tensor.name === '')
    throw new RangeError(`a tensor of shape [${tensor.shape.join(', ')}] has no name, which it needs`);
  checkLimit('tensorNameBytes', out.string(tensor.name), quoted(tensor.name));
  checkLimit('dimensions', tensor.shape.length, quoted(tensor.name));
  out.number('u32', tensor.shape.length);
  for (const dim of tensor.shape.toReversed()) out.number('u64', dim);
  out.number('u32', tensor.quant.ggmlType);
  out.number('u64', relativeBytes);
}

type Encoder = ReturnType<typeof startEncoder>;

/** Bytes that grow as values are appended. */
function startEncoder() {
  let bytes = new Uint8Array(64 * 1024);
  let size = 0;
  const reserve = (more: number): number => {
    if (size + more > bytes.length) {
      const longer = new Uint8Array(Math.max(2 * bytes.length, size + more));
      longer.set(bytes.subarray(0, size));
      bytes = longer;
    }
    size += more;
    return size - more;
  };
  const raw = (more: Uint8Array): void => {
    const at = reserve(more.length); // may move `bytes`
    bytes.set(more, at);
  };
  const number = (type: 'bool' | NumberName, value: number | bigint): void => {
    const stored = numberType(type);
    const at = reserve(stored.bytes);
    const view = new DataView(bytes.buffer);
    stored.set(view, at, value);
    if (!type.startsWith('f') && stored.get(view, at) != value)
      throw new RangeError(`${value} does not fit into ${type}`);
  };
  const text = new TextEncoder();
  /** Appends length and text; returns the text's bytes. */
  const string = (value: string): number => {
    const encoded = text.encode(value);
    number('u64', encoded.length);
    raw(encoded);
    return encoded.length;
  };
  return { raw, number, string, size: () => size, bytes: () => bytes.subarray(0, size) };
}
