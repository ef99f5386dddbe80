import type { QuantType } from '../../quants/quant_type.ts';

/**
 * How weights lie on the GPU. A file has block after block, each with a few fields. A plane has one field of every block, one
 * behind the other, so that neighbouring threads read neighbouring bytes:
 *
 *     file     | scale 0 | levels 0 | scale 1 | levels 1 | scale 2 | …
 *     planes   | levels 0 | levels 1 | levels 2 | …
 *              | scale 0 | scale 1 | scale 2 | …
 *
 * kernels/quants declares the planes of a type in the order of this table. Rows of floats are no blocks: they are one plane, each row padded
 * with zeros to a multiple of 32 columns.
 */
interface Field {
  /** The byte in a block where it begins. */
  readonly at: number;
  readonly bytes: number;
}

const FIELDS: Readonly<Record<string, readonly Field[]>> = {
  q4_0: [
    { at: 2, bytes: 16 },
    { at: 0, bytes: 2 },
  ],
  q4_1: [
    { at: 4, bytes: 16 },
    { at: 0, bytes: 4 },
  ],
  q8_0: [
    { at: 2, bytes: 32 },
    { at: 0, bytes: 2 },
  ],
};

const FLOATS: ReadonlySet<string> = new Set(['f32', 'f16', 'bf16']);

/** Columns that every row is padded to a multiple of. */
const UNIT_COLS = 32;

/** Whole rows must come in groups of so many wherever a matrix is cut: then each plane of a piece has whole words. */
export const PIECE_ROWS = 4;

/** Whether weights of a type can lie on the GPU. */
export const hasPlanes = ({ name }: QuantType): boolean => name in FIELDS || FLOATS.has(name);

/** Columns of a row with its padding. */
export const paddedCols = (cols: number): number => Math.ceil(cols / UNIT_COLS) * UNIT_COLS;

/** Bytes that a row has in each plane. */
export function planeRowBytes({ name, blockSize, blockBytes }: QuantType, cols: number): number[] {
  if (FLOATS.has(name)) return [paddedCols(cols) * blockBytes];
  return FIELDS[name]!.map(({ bytes }) => (cols / blockSize) * bytes);
}

/**
 * Takes rows of a file apart.
 * @param rows whole rows `[nRows, cols]`, which begin at a multiple of four bytes of their buffer.
 * @param planes gets the bytes of each plane: `nRows` times `planeRowBytes`, or more; they begin at multiples of four bytes.
 */
export function takeApart(quant: QuantType, cols: number, rows: Uint8Array, planes: readonly Uint8Array[]): void {
  if (FLOATS.has(quant.name)) return padRows(quant, cols, rows, planes[0]!);
  for (const [p, field] of FIELDS[quant.name]!.entries()) copyField(quant.blockBytes, field, rows, planes[p]!);
}

function padRows({ blockBytes }: QuantType, cols: number, rows: Uint8Array, plane: Uint8Array): void {
  const rowBytes = cols * blockBytes;
  const paddedBytes = paddedCols(cols) * blockBytes;
  if (rowBytes === paddedBytes) return plane.set(rows);
  for (let from = 0, to = 0; from < rows.length; from += rowBytes, to += paddedBytes) {
    plane.set(rows.subarray(from, from + rowBytes), to);
    plane.fill(0, to + rowBytes, to + paddedBytes);
  }
}

/** The widest numbers that a block's fields are whole ones of. */
function viewOf(bytes: Uint8Array, width: number): Uint8Array | Uint16Array | Uint32Array {
  const { buffer, byteOffset, length } = bytes;
  if (width === 1) return bytes;
  return width === 2
    ? new Uint16Array(buffer, byteOffset, length / 2)
    : new Uint32Array(buffer, byteOffset, length / 4);
}

/** The largest power of two up to 4 that divides a number. */
const widthOf = (n: number): number => (n % 4 === 0 ? 4 : n % 2 === 0 ? 2 : 1);

function copyField(blockBytes: number, { at, bytes }: Field, rows: Uint8Array, plane: Uint8Array): void {
  const width = Math.min(widthOf(blockBytes), widthOf(at), widthOf(bytes));
  const src = viewOf(rows, width);
  const nBlocks = rows.length / blockBytes;
  const dst = viewOf(plane.subarray(0, nBlocks * bytes), width);
  copyStrided(src, dst, { step: blockBytes / width, at: at / width, n: bytes / width });
}

type Numbers = Uint8Array | Uint16Array | Uint32Array;

/** Of every `step` numbers `n`, from `at` on. */
function copyStrided(src: Numbers, dst: Numbers, { step, at, n }: { step: number; at: number; n: number }): void {
  for (let from = at, to = 0; to < dst.length; from += step, to += n) {
    for (let i = 0; i < n; i++) dst[to + i] = src[from + i]!;
  }
}

/** Bits, unsigned, that no number has: of types whose scales are finite whatever their bytes are. */
const NO_INFINITY = 2 ** 32;

/** Whether all scales of blocks, or all floats, are finite; `rows` as for `takeApart`. */
export function areFinite(quant: QuantType, rows: Uint8Array): boolean {
  const { blockBytes, halves = [], scaleMask = 0x7fff } = quant;
  const { infinity = halves.length > 0 ? 0x7c00 : NO_INFINITY } = quant;
  if (halves.length === 0) return infinity === NO_INFINITY || largestFloat(rows, blockBytes) < infinity;
  return halves.every((at) => largestScale(rows, { at, blockBytes, scaleMask }) < infinity);
}

/** Largest magnitude of f16 numbers, or exponents, as bits: their order is the numbers', then infinity, then NaNs. */
function largestScale(rows: Uint8Array, of: { at: number; blockBytes: number; scaleMask: number }): number {
  const { blockBytes, scaleMask } = of;
  let largest = 0;
  for (let at = of.at; at < rows.length; at += blockBytes) {
    const bits = (rows[at]! | (rows[at + 1]! << 8)) & scaleMask;
    if (bits > largest) largest = bits;
  }
  return largest;
}

/** The same of floats of 2 or 4 bytes. */
function largestFloat(rows: Uint8Array, floatBytes: number): number {
  const numbers = viewOf(rows, floatBytes);
  const mask = floatBytes === 4 ? 0x7fffffff : 0x7fff;
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const bits = numbers[i]! & mask;
    if (bits > largest) largest = bits;
  }
  return largest;
}
