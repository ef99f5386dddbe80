/** GGUF files byte by byte, written without the project's own writer, and sources and sinks in memory. */
import type { ByteSink, ByteSource } from '../../src/bytes/source.ts';

export type Bytes = number[];

const little = (value: number | bigint, nBytes: number): Bytes =>
  Array.from({ length: nBytes }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));

export const u8 = (value: number): Bytes => little(value, 1);
export const u16 = (value: number): Bytes => little(value, 2);
export const u32 = (value: number): Bytes => little(value, 4);
export const u64 = (value: number | bigint): Bytes => little(value, 8);
export const f32 = (value: number): Bytes => [...new Uint8Array(new Float32Array([value]).buffer)];
export const f64 = (value: number): Bytes => [...new Uint8Array(new Float64Array([value]).buffer)];
export const utf8 = (value: string): Bytes => [...new TextEncoder().encode(value)];
export const text = (value: string): Bytes => [...u64(utf8(value).length), ...utf8(value)];
/** Type ids as the specification numbers them. */
export const id = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
};
export const entry = (key: string, typeId: number, value: Bytes): Bytes => [...text(key), ...u32(typeId), ...value];

export interface TensorParts {
  name?: string | Bytes;
  /** Fastest first, as in the file. */
  dims?: (number | bigint)[];
  ggmlType?: number;
  offset?: number | bigint;
}

export const tensorInfo = ({ name = 'w', dims = [4], ggmlType = 0, offset = 0 }: TensorParts = {}): Bytes => [
  ...(typeof name === 'string' ? text(name) : name),
  ...u32(dims.length),
  ...dims.flatMap((dim) => u64(dim)),
  ...u32(ggmlType),
  ...u64(offset),
];

export interface FileParts {
  magic?: string;
  version?: number;
  nTensors?: number | bigint;
  nMetadata?: number | bigint;
  metadata?: Bytes[];
  tensors?: Bytes[];
  alignment?: number;
  dataBytes?: number;
}

/** A whole file; what is not given is right. The data section counts up from 0. */
export function ggufBytes(parts: FileParts = {}): Uint8Array<ArrayBuffer> {
  const { magic = 'GGUF', version = 3, metadata = [], tensors = [], alignment = 32, dataBytes = 0 } = parts;
  const { nTensors = tensors.length, nMetadata = metadata.length } = parts;
  const header = [utf8(magic), u32(version), u64(nTensors), u64(nMetadata), ...metadata, ...tensors].flat();
  const padding = tensors.length > 0 ? (alignment - (header.length % alignment)) % alignment : 0;
  const file = new Uint8Array(header.length + padding + dataBytes);
  file.set(header);
  for (let i = 0; i < dataBytes; i++) file[header.length + padding + i] = i;
  return file;
}

export interface MemorySource extends ByteSource {
  /** Longest read, and where the furthest one ended. */
  readonly seen: { longest: number; furthest: number };
}

/** A source over bytes at hand; `size` may claim a longer file, whose missing bytes are zero. */
export function memorySource(bytes: Uint8Array, name = 'test.gguf', size = bytes.length): MemorySource {
  const seen = { longest: 0, furthest: 0 };
  return {
    name,
    size,
    seen,
    read(offsetBytes, into, signal) {
      signal?.throwIfAborted();
      seen.longest = Math.max(seen.longest, into.length);
      seen.furthest = Math.max(seen.furthest, offsetBytes + into.length);
      if (offsetBytes + into.length > size) return Promise.reject(new Error('a read beyond the end'));
      into.set(bytes.subarray(offsetBytes, offsetBytes + into.length));
      return Promise.resolve();
    },
  };
}

/** Files that exist once they are finished; `capacityBytes` is the size of the disk. */
export function memoryFolder({ capacityBytes = Infinity } = {}) {
  const files = new Map<string, Uint8Array>();
  const unfinished = new Set<string>();
  let usedBytes = 0;
  const openSink = (name: string): Promise<ByteSink> => {
    const pieces: Uint8Array[] = [];
    unfinished.add(name);
    return Promise.resolve({
      name,
      write(bytes: Uint8Array) {
        usedBytes += bytes.length;
        if (usedBytes > capacityBytes) return Promise.reject(Object.assign(new Error('disk full'), { code: 'ENOSPC' }));
        pieces.push(bytes.slice());
        return Promise.resolve();
      },
      finish() {
        files.set(name, new Uint8Array(Buffer.concat(pieces)));
        unfinished.delete(name);
        return Promise.resolve();
      },
      abort() {
        files.delete(name);
        unfinished.delete(name);
        return Promise.resolve();
      },
    });
  };
  const openSibling = (name: string): Promise<ByteSource> => {
    const bytes = files.get(name);
    return bytes ? Promise.resolve(memorySource(bytes, name)) : Promise.reject(new Error('no such file'));
  };
  return { files, unfinished, openSink, openSibling };
}
