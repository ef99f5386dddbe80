/**
 * The value types of GGUF metadata. Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 *     string = u64 nBytes, bytes            array = u32 type id, u64 length, values
 */

export type NumberName = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'f32' | 'u64' | 'i64' | 'f64';

export type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array;

/** An array with its element type. Arrays of bools are bytes, 0 or 1. */
export type MetadataArray =
  | { readonly type: 'array'; readonly of: 'string'; readonly value: readonly string[] }
  | { readonly type: 'array'; readonly of: 'array'; readonly value: readonly MetadataArray[] }
  | { readonly type: 'array'; readonly of: 'bool' | NumberName; readonly value: NumberArray };

/** A value with the type it has in the file. 64-bit integers are numbers where that is exact, bigints beyond 2^53. */
export type MetadataValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: NumberName; readonly value: number | bigint }
  | MetadataArray;

/** How one fixed-size type is stored; a bool is stored as a `u8`. */
export interface NumberType {
  readonly name: NumberName;
  readonly bytes: number;
  get(view: DataView, at: number): number | bigint;
  set(view: DataView, at: number, value: number | bigint): void;
  /** A typed array over a whole buffer of little-endian values, which is every JavaScript engine's own order today. */
  array(buffer: ArrayBuffer): NumberArray;
}

const exact = (big: bigint) => (BigInt.asIntN(54, big) === big ? Number(big) : big);

// prettier-ignore
const numberTypes: readonly NumberType[] = [
  { name: 'u8', bytes: 1, get: (v, at) => v.getUint8(at), set: (v, at, x) => v.setUint8(at, Number(x)), array: (b) => new Uint8Array(b) },
  { name: 'i8', bytes: 1, get: (v, at) => v.getInt8(at), set: (v, at, x) => v.setInt8(at, Number(x)), array: (b) => new Int8Array(b) },
  { name: 'u16', bytes: 2, get: (v, at) => v.getUint16(at, true), set: (v, at, x) => v.setUint16(at, Number(x), true), array: (b) => new Uint16Array(b) },
  { name: 'i16', bytes: 2, get: (v, at) => v.getInt16(at, true), set: (v, at, x) => v.setInt16(at, Number(x), true), array: (b) => new Int16Array(b) },
  { name: 'u32', bytes: 4, get: (v, at) => v.getUint32(at, true), set: (v, at, x) => v.setUint32(at, Number(x), true), array: (b) => new Uint32Array(b) },
  { name: 'i32', bytes: 4, get: (v, at) => v.getInt32(at, true), set: (v, at, x) => v.setInt32(at, Number(x), true), array: (b) => new Int32Array(b) },
  { name: 'f32', bytes: 4, get: (v, at) => v.getFloat32(at, true), set: (v, at, x) => v.setFloat32(at, Number(x), true), array: (b) => new Float32Array(b) },
  { name: 'u64', bytes: 8, get: (v, at) => exact(v.getBigUint64(at, true)), set: (v, at, x) => v.setBigUint64(at, BigInt(x), true), array: (b) => new BigUint64Array(b) },
  { name: 'i64', bytes: 8, get: (v, at) => exact(v.getBigInt64(at, true)), set: (v, at, x) => v.setBigInt64(at, BigInt(x), true), array: (b) => new BigInt64Array(b) },
  { name: 'f64', bytes: 8, get: (v, at) => v.getFloat64(at, true), set: (v, at, x) => v.setFloat64(at, Number(x), true), array: (b) => new Float64Array(b) },
];

/** Index = the type's id in the file. */
export const valueTypeNames = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const;

export type ValueTypeName = (typeof valueTypeNames)[number];

const numberTypeByName: ReadonlyMap<string, NumberType> = new Map([
  ...numberTypes.map((type) => [type.name, type] as const),
  ['bool', numberTypes[0]!],
]);

export function numberType(name: NumberName | 'bool'): NumberType {
  return numberTypeByName.get(name)!;
}

/** Bytes the shortest value of a type takes: a string or array takes at least its length fields. */
export function minValueBytes(name: ValueTypeName): number {
  return name === 'string' ? 8 : name === 'array' ? 12 : numberType(name).bytes;
}
