/**
 * How one kind of weight is laid out in a file. A row of weights is a whole number of blocks; a block holds
 * `blockSize` weights in `blockBytes` bytes. Layouts are ggml's, byte for byte.
 */
export interface QuantType {
  /** Lower-case ggml name: `f32`, `q4_0`, `q6_k`. Also the file stem here, in `assembly/quants` and in `kernels/quants`. */
  readonly name: string;
  /** The id that stands in GGUF files (`enum ggml_type`). */
  readonly ggmlType: number;
  /** Weights per block. */
  readonly blockSize: number;
  /** Bytes per block. */
  readonly blockBytes: number;
  /** Where in a block the f16 numbers are that its levels are multiplied by or that are added: byte offsets, side by side. */
  readonly halves?: readonly number[];
  /** Where a block has something else instead of f16 numbers: which bits of the 16 there, or of 32 if these are more, are the scale's exponent. */
  readonly scaleMask?: number;
  /** Whether parts of a block of less than 128 weights have scales of their own. */
  readonly hasSubs?: boolean;
  /** Where the weights are floats: the bits of infinity. With `scaleMask`: the least exponent with which weights may be infinite. */
  readonly infinity?: number;
  /** Types that few files hold: brings what decodes them, before the first `dequantize`. */
  readonly load?: () => Promise<void>;
  /** Types whose weights are rows of a grid: the digits of all grids, which kernels look up when they pack weights. */
  readonly grids?: () => Promise<Uint8Array>;
  /** Decodes whole blocks: `src` holds n blocks, `dst` gets n * blockSize floats. Absent where the type is only known by name. */
  readonly dequantize?: (src: Uint8Array, dst: Float32Array) => void;
  /**
   * Encodes whole blocks, ggml's reference rounding: `src` holds n * blockSize floats, `dst` gets n blocks. Only types that
   * caches are kept in have it here; no page needs the other encoders, which are in `compress/encode`.
   */
  readonly quantize?: (src: Float32Array, dst: Uint8Array) => void;
}

/** Bytes of `n` weights in whole blocks. */
export const bytesFor = ({ blockSize, blockBytes }: QuantType, n: number): number => (n / blockSize) * blockBytes;
