/** Floats to q5_k, to the bytes that ggml makes; `src/quants/q5_k.ts` draws them. */
import { blockBytes, blockSize, fifthAt, levelsAt } from '../../quants/q5_k.ts';
import { type Grid, tenth } from './fit.ts';
import { headFit, quantizeHead } from './super_block.ts';

const grid: Grid = { maxLevel: 31, firstStretch: -0.5, stretchStep: tenth, lastTry: 15, errorPower: 2 };

export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  const levels = new Uint8Array(blockSize);
  const fit = headFit(grid);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    quantizeHead(src, s, dst, d, levels, fit, importance);
    dst.fill(0, d + fifthAt, d + levelsAt);
    for (let g = 0; g < 8; g += 2) {
      for (let i = 0; i < 32; i++) {
        const even = levels[32 * g + i]!;
        const odd = levels[32 * g + i + 32]!;
        dst[d + fifthAt + i]! |= ((even >> 4) | ((odd >> 4) << 1)) << g;
        dst[d + levelsAt + 16 * g + i] = (even & 15) | (odd << 4);
      }
    }
  }
}
