/** Floats to iq4_nl, to the bytes that ggml makes; `src/quants/iq4_nl.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize, levelsAt } from '../../quants/iq4_nl.ts';
import { inverse, f32 } from '../../quants/rounding.ts';
import { newGroup, takeGroup } from './fit.ts';
import { fitUneven, nearestLevel, unevenPower, weighUneven } from './uneven.ts';

export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  const group = newGroup(blockSize);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    takeGroup(group, src, s);
    weighUneven(group, importance, s % (importance?.length ?? 1), unevenPower(src, s, blockSize));
    const scale = fitUneven(group);
    const perScale = inverse(scale);
    const levelAt = (j: number): number => nearestLevel(f32(perScale * src[s + j]!));
    writeHalf(dst, d, scale);
    for (let j = 0; j < 16; j++) dst[d + levelsAt + j] = levelAt(j) | (levelAt(j + 16) << 4);
  }
}
