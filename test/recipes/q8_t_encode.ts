import { readHalf, writeHalf } from '../../src/base/half.ts';

export function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += 32, d += 34) {
    const block = src.subarray(s, s + 32);
    writeHalf(dst, d, block.reduce((max, weight) => Math.max(max, Math.abs(weight)), 0) / 127);
    const scale = readHalf(dst, d);
    for (let i = 0; i < 32; i++) {
      dst[d + 2 + i] = 128 + (scale === 0 ? 0 : Math.max(-128, Math.min(127, Math.round(block[i]! / scale))));
    }
  }
}
