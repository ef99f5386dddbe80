import { encoderOf } from '../../src/compress/encode/index.ts';
import { floatToHalf } from '../../src/base/half.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';

/** Bytes of made-up weights; a tensor repeats them from anywhere on. Larger than the L2 cache of most machines. */
const POOL_BYTES = 4 << 20;

/**
 * So many weights are quantised for the pool, because quantising takes long for some types. The pool repeats their blocks in
 * random order.
 */
const N_WEIGHTS = 1 << 16;

/** Whole blocks of weights, the same on every machine; normally distributed ones of standard deviation `std` where the type can be encoded. */
export function blockPool(quant: QuantType, std: number): Uint8Array {
  const { blockSize, blockBytes } = quant;
  const next = random(1);
  const blocks = new Uint8Array((N_WEIGHTS / blockSize) * blockBytes);
  const encode = encoderOf(quant);
  if (encode) {
    encode(
      Float32Array.from({ length: N_WEIGHTS }, () => normal(next) * std),
      blocks,
    );
  } else {
    fillAny(quant, std, next, blocks);
  }
  const nBlocks = blocks.length / blockBytes;
  const pool = new Uint8Array(Math.floor(POOL_BYTES / blockBytes) * blockBytes);
  for (let at = 0; at < pool.length; at += blockBytes) {
    const from = Math.floor(next() * nBlocks) * blockBytes;
    pool.set(blocks.subarray(from, from + blockBytes), at);
  }
  return pool;
}

/** Blocks of a type that only others encode: any bits, and scales near `std`. */
function fillAny(quant: QuantType, std: number, next: () => number, blocks: Uint8Array): void {
  const { blockBytes, halves = [] } = quant;
  for (let i = 0; i < blocks.length; i++) blocks[i] = next() * 256;
  const view = new DataView(blocks.buffer);
  for (let at = 0; at < blocks.length; at += blockBytes) {
    const half = floatToHalf(std * (0.5 + next()));
    if (quant.name !== 'iq1_m') for (const offset of halves) view.setUint16(at + offset, half, true);
    else
      for (let i = 0; i < 4; i++)
        blocks[at + 49 + 2 * i] = (blocks[at + 49 + 2 * i]! & 15) | (((half >> (4 * i)) & 15) << 4);
  }
}

/** `into` becomes the bytes from `offset` on of the pool repeated without end. */
export function fillFrom(pool: Uint8Array, offset: number, into: Uint8Array): void {
  for (let at = 0; at < into.length;) {
    const from = (offset + at) % pool.length;
    const piece = pool.subarray(from, from + into.length - at);
    into.set(piece, at);
    at += piece.length;
  }
}

/** Evenly distributed numbers in [0, 1): xorshift, 32 bits. */
export function random(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Box and Muller's method. */
export const normal = (next: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
