/** Floats to q4_k, to the bytes that ggml makes; `src/quants/q4_k.ts` draws them. */
import { levelsAt, q4_k } from '../../quants/q4_k.ts';
import { type Grid, tenth } from './fit.ts';
import { headFit, quantizeHead } from './super_block.ts';

const { blockBytes, blockSize } = q4_k;

const grid: Grid = { maxLevel: 15, firstStretch: -1, stretchStep: tenth, lastTry: 20, errorPower: 2 };

export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  const levels = new Uint8Array(blockSize);
  const fit = headFit(grid);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    quantizeHead(src, s, dst, d, levels, fit, importance);
    for (let g = 0; g < 8; g += 2) {
      for (let i = 0; i < 32; i++) {
        dst[d + levelsAt + 16 * g + i] = levels[32 * g + i]! | (levels[32 * g + i + 32]! << 4);
      }
    }
  }
}
