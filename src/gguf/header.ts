/**
 * A GGUF header, parsed over as many of its bytes as are at hand. Source: ggml's docs/gguf.md.
 *
 *     "GGUF"  u32 version  u64 nTensors  u64 nMetadata
 *     nMetadata × { string key, u32 type id, value }
 *     nTensors  × { string name, u32 nDims, u64 dims[nDims] fastest first, u32 ggml type, u64 offset in the data section }
 *     padding to the alignment, then the data section
 */
import { FormatError, UnsupportedError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import { quantByGgmlType, quants } from '../quants/index.ts';
import { bytesFor, type QuantType } from '../quants/quant_type.ts';
import { Texts } from '../base/texts.ts';
import { foreignType } from './foreign_types.ts';
import { checkLimit, limits, quoted } from './limits.ts';
import { stringArray } from './string_array.ts';
import { minValueBytes, numberType, valueTypeNames } from './value_types.ts';
import type { MetadataArray, MetadataValue, ValueTypeName } from './value_types.ts';

export interface ByteRange {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** A tensor as the header lists it, not yet placed in the file. */
export interface TensorInfo {
  readonly name: string;
  readonly quant: QuantType;
  /** Slowest dimension first; the file's order is the reverse. */
  readonly shape: readonly number[];
  /** From the start of the data section. */
  readonly relativeBytes: number;
  readonly sizeBytes: number;
}

/** The values parsed so far, and where to go on. */
export interface Header {
  readonly fileName: string;
  readonly fileBytes: number;
  readonly keepUnknown: boolean;
  /** The file's first bytes: replaced by a longer piece when `wantedBytes` says so. */
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  /** Parsed up to here. */
  at: number;
  /** How long a piece of the file the next value needs. */
  wantedBytes: number;
  nestedArrays: number;
  /** 0 until the first 24 bytes are parsed. */
  version: number;
  nTensors: number;
  nMetadata: number;
  readonly metadata: Map<string, MetadataValue>;
  /** Where the type id and value of each metadata entry stand in the file. */
  readonly metadataRanges: Map<string, ByteRange>;
  readonly tensors: Map<string, TensorInfo>;
}

const minEntryBytes = 8 + 1 + 4 + 1; // key length, shortest key, type id, shortest value
const minTensorBytes = 8 + 1 + 4 + 8 + 4 + 8; // name length, shortest name, nDims, one dim, type, offset

/** Thrown, and caught below, where the bytes at hand end inside a value. */
const outOfBytes = Symbol('out of bytes');

export function startHeader(fileName: string, fileBytes: number, keepUnknown = false): Header {
  return {
    fileName,
    fileBytes,
    keepUnknown,
    bytes: new Uint8Array(0),
    view: new DataView(new ArrayBuffer(0)),
    at: 0,
    wantedBytes: 0,
    nestedArrays: 0,
    version: 0,
    nTensors: 0,
    nMetadata: 0,
    metadata: new Map(),
    metadataRanges: new Map(),
    tensors: new Map(),
  };
}

/** Parses as far as `header.bytes` goes; false when it needs a piece of `wantedBytes`. It parses no whole value twice. */
export function parseHeader(header: Header): boolean {
  let parsed = header.at;
  try {
    for (;;) {
      parsed = header.at;
      if (header.version === 0) readPrologue(header);
      else if (header.metadata.size < header.nMetadata) readEntry(header);
      else if (header.tensors.size < header.nTensors) readTensor(header);
      else return true;
    }
  } catch (thrown) {
    if (thrown !== outOfBytes) throw thrown;
    header.at = parsed;
    return false;
  }
}

function readPrologue(header: Header): void {
  const at = take(header, 24, `${header.fileName}: the header`);
  checkMagic(header.bytes, header.fileName);
  const version = header.view.getUint32(at + 4, true);
  if (version !== 0 && (version & 0xffff) === 0) {
    throw new UnsupportedError(
      `${header.fileName} is a big-endian GGUF file; only little-endian ones are read: convert it with llama.cpp's gguf_convert_endian.py`,
    );
  }
  if (version !== 2 && version !== 3) {
    throw new UnsupportedError(
      `${header.fileName} is GGUF version ${version}; versions 2 and 3 are read: convert the original model again with a current converter`,
    );
  }
  header.nTensors = Number(header.view.getBigUint64(at + 8, true));
  header.nMetadata = Number(header.view.getBigUint64(at + 16, true));
  checkLimit('tensors', header.nTensors, header.fileName);
  checkLimit('metadataEntries', header.nMetadata, header.fileName);
  const minBytes = header.nTensors * minTensorBytes + header.nMetadata * minEntryBytes;
  const claimed = `${counted(header.nMetadata)} metadata entries and ${counted(header.nTensors)} tensors`;
  checkLeft(header, minBytes, `${header.fileName}: the header of ${claimed}`);
  header.version = version;
}

/** Files that people open by mistake, by their first bytes. */
const otherFiles: readonly (readonly [start: string, what: string])[] = [
  ['lmgg', 'a GGML file from before GGUF'],
  ['fmgg', 'a GGMF file from before GGUF'],
  ['tjgg', 'a GGJT file from before GGUF'],
  ['PK', 'a zip archive, perhaps a PyTorch checkpoint'],
  ['vers', 'a Git LFS pointer: fetch the real file with "git lfs pull"'],
  ['\b', 'an ONNX model: take the GGUF file of it, or make one with llama.cpp from the original'],
  ['<', 'a web page: the download link led to HTML'],
];

const safetensors = "safetensors: llama.cpp's convert_hf_to_gguf.py makes a GGUF file of the folder";

function checkMagic(bytes: Uint8Array, fileName: string): void {
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, 4));
  if (magic === 'GGUF') return;
  const isSafetensors = bytes[8] === 0x7b && bytes.subarray(4, 8).every((byte) => byte === 0); // "{" behind a length
  const what = isSafetensors ? safetensors : otherFiles.find(([start]) => magic.startsWith(start))?.[1];
  throw new FormatError(
    `${fileName} starts with ${quoted(magic)}, not "GGUF"; ${what ? `it looks like ${what}` : 'not a GGUF file'}`,
  );
}

function readEntry(header: Header): void {
  const at = `${header.fileName}: metadata entry ${header.metadata.size}`;
  const key = readName(header, 'keyBytes', at);
  if (header.metadata.has(key))
    throw new FormatError(`${header.fileName}: metadata key ${quoted(key)} comes twice; corrupted file?`);
  const where = `${header.fileName}: ${quoted(key)}`;
  const start = header.at;
  const type = readTypeId(header, where);
  const value = readValue(header, type, where);
  header.metadata.set(key, value);
  header.metadataRanges.set(key, { offsetBytes: start, sizeBytes: header.at - start });
}

function readValue(header: Header, type: ValueTypeName, where: string): MetadataValue {
  if (type === 'string') return { type, value: readString(header, where) };
  if (type === 'array') return readArray(header, 1, where);
  const stored = numberType(type);
  const value = stored.get(header.view, take(header, stored.bytes, where));
  if (type !== 'bool') return { type, value };
  if (value !== 0 && value !== 1)
    throw new FormatError(`${where} is a bool of value ${value}, expected 0 or 1; corrupted file?`);
  return { type, value: value === 1 };
}

function readArray(header: Header, depth: number, where: string): MetadataArray {
  checkLimit('arrayDepth', depth, where);
  const of = readTypeId(header, where);
  const length = readCount(header, where);
  checkLimit('arrayLength', length, where);
  checkLeft(header, length * minValueBytes(of), where);
  if (of === 'string') return stringArray(readTexts(header, length, where));
  if (of !== 'array') {
    const stored = numberType(of);
    const at = take(header, length * stored.bytes, where);
    const value = stored.array(header.bytes.slice(at, header.at).buffer);
    if (of === 'bool' && value.some((bit) => bit > 1))
      throw new FormatError(`${where} holds bools beyond 0 and 1; corrupted file?`);
    return { type: 'array', of, value };
  }
  const value: MetadataArray[] = [];
  for (let i = 0; i < length; i++) {
    checkLimit('nestedArrays', ++header.nestedArrays, where);
    value.push(readArray(header, depth + 1, where));
  }
  return { type: 'array', of, value };
}

/**
 * Steps over strings and keeps their bytes. The loop is all there is to do for most of a header and runs before V8 has compiled anything:
 * calls for each string would take three times as long.
 */
function readTexts(header: Header, length: number, where: string): Texts {
  const { bytes, view, at: start } = header;
  const ends = new Uint32Array(length);
  const last = bytes.length - 8;
  let at = start;
  for (let i = 0; i < length; i++) {
    const sizeBytes = at <= last && view.getUint32(at + 4, true) === 0 ? view.getUint32(at, true) : Infinity;
    if (sizeBytes > limits.stringBytes.max || sizeBytes > last - at) {
      header.at = at;
      takeString(header, where); // throws: it knows what is wrong, or asks for more bytes
    }
    at += 8 + sizeBytes;
    ends[i] = at - start;
  }
  header.at = at;
  return new Texts(bytes.slice(start, at), ends);
}

const lossyText = new TextDecoder('utf-8', { ignoreBOM: true });
const exactText = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** A value's text. Invalid UTF-8 becomes U+FFFD: some vocabularies hold pieces of characters. */
function readString(header: Header, where: string): string {
  const at = takeString(header, where);
  return lossyText.decode(header.bytes.subarray(at, header.at));
}

/** Steps over a value's text and returns where it starts. */
function takeString(header: Header, where: string): number {
  const sizeBytes = readCount(header, where);
  checkLimit('stringBytes', sizeBytes, where);
  return take(header, sizeBytes, where);
}

/** A key or a tensor's name: not empty, not endless, and valid UTF-8, because things are looked up by it. */
function readName(header: Header, limit: 'keyBytes' | 'tensorNameBytes', where: string): string {
  const sizeBytes = readCount(header, where);
  checkLimit(limit, sizeBytes, where);
  const at = take(header, sizeBytes, where);
  if (sizeBytes === 0) throw new FormatError(`${where} has an empty name; corrupted file?`);
  try {
    return exactText.decode(header.bytes.subarray(at, header.at));
  } catch {
    throw new FormatError(`${where} has a name that is not valid UTF-8; corrupted file?`);
  }
}

/** Stands for a type that came after this build: nobody here knows how long its blocks are. */
const unknownType = (id: number): QuantType => ({ name: `type ${id}`, ggmlType: id, blockSize: 1, blockBytes: 0 });

function readTensor(header: Header): void {
  const name = readName(header, 'tensorNameBytes', `${header.fileName}: tensor ${header.tensors.size}`);
  const where = `${header.fileName}: ${quoted(name)}`;
  if (header.tensors.has(name)) throw new FormatError(`${where}: a second tensor has this name; corrupted file?`);
  const nDims = header.view.getUint32(take(header, 4, where), true);
  checkLimit('dimensions', nDims, where);
  const shape: number[] = [];
  for (let i = 0; i < nDims; i++) shape.unshift(readCount(header, where));
  const id = header.view.getUint32(take(header, 4, where), true);
  const quant = quantByGgmlType.get(id) ?? (header.keepUnknown ? unknownType(id) : undefined);
  if (!quant) {
    const known = quants.map((q) => `${q.name} (${q.ggmlType})`).join(', ');
    const what = `${where} has ggml type ${id}${foreignType(id)}`;
    throw new UnsupportedError(`${what}; known are ${known}: convert the model to one of them`);
  }
  const relativeBytes = readCount(header, where);
  header.tensors.set(name, { name, quant, shape, relativeBytes, sizeBytes: tensorBytes(quant, shape, where) });
}

/** Bytes of a tensor of `shape`, slowest dimension first. Refuses shapes that have no exact answer. */
export function tensorBytes(quant: QuantType, shape: readonly number[], where: string): number {
  let nElements = 1;
  for (const dim of shape) {
    nElements *= dim;
    checkLimit('tensorElements', nElements, where);
  }
  const rowElements = shape.at(-1) ?? 1; // no dimension at all: a single number
  if (rowElements % quant.blockSize !== 0) {
    throw new FormatError(
      `${where}: rows of ${counted(rowElements)} are not whole blocks of ${quant.blockSize}, as ${quant.name} needs; corrupted file?`,
    );
  }
  const sizeBytes = bytesFor(quant, nElements);
  checkLimit('tensorElements', sizeBytes, where);
  return sizeBytes;
}

function readTypeId(header: Header, where: string): ValueTypeName {
  const id = header.view.getUint32(take(header, 4, where), true);
  const name = valueTypeNames[id];
  if (!name)
    throw new FormatError(`${where} has value type ${id}, expected 0 to ${valueTypeNames.length - 1}; corrupted file?`);
  return name;
}

/** A u64 as a number: inexact beyond 2^53, which every limit refuses. */
function readCount(header: Header, where: string): number {
  const at = take(header, 8, where);
  return header.view.getUint32(at, true) + 2 ** 32 * header.view.getUint32(at + 4, true);
}

/** Steps over `sizeBytes` and returns where they start. The one place that knows where the bytes at hand end. */
function take(header: Header, sizeBytes: number, where: string): number {
  checkLeft(header, sizeBytes, where);
  const start = header.at;
  const end = start + sizeBytes;
  if (end > header.bytes.length) {
    checkLimit('headerBytes', end, where);
    header.wantedBytes = end;
    throw outOfBytes;
  }
  header.at = end;
  return start;
}

function checkLeft(header: Header, sizeBytes: number, where: string): void {
  if (header.at + sizeBytes <= header.fileBytes) return;
  throw new FormatError(
    `${where} needs ${counted(sizeBytes)} bytes at ${counted(header.at)}, the file ends at ${counted(header.fileBytes)}; truncated download?`,
  );
}
