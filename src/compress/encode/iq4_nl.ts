/** Floats to iq4_nl, to the bytes that ggml makes; `src/quants/iq4_nl.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize, levelsAt } from '../../quants/iq4_nl.ts';
import { fitUneven } from './uneven.ts';

export function quantize(src: Float32Array, dst: Uint8Array): void {
  const levels = new Uint8Array(blockSize); // a block of zeros keeps those of the one before, as ggml's does
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    writeHalf(dst, d, fitUneven(src, s, levels, { nTries: 0 }));
    for (let j = 0; j < 16; j++) dst[d + levelsAt + j] = levels[j]! | (levels[j + 16]! << 4);
  }
}
