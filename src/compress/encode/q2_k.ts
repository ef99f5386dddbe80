/** Floats to q2_k, to the bytes that ggml makes; `src/quants/q2_k.ts` draws them. */
import { readHalf, writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize, groupSize, levelsAt, minUnitAt, nGroups, scaleUnitAt } from '../../quants/q2_k.ts';
import { clamp, f32, nearestInt } from '../../quants/rounding.ts';
import { type Grid, fitScaleMin, newGroup } from './fit.ts';

const grid: Grid = { maxLevel: 3, firstStretch: -0.5, lastTry: 15, errorPower: 1 };

export function quantize(src: Float32Array, dst: Uint8Array): void {
  const group = newGroup(groupSize);
  const levels = new Uint8Array(blockSize);
  const scales = new Float32Array(nGroups);
  const mins = new Float32Array(nGroups);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    let maxScale = 0;
    let maxMin = 0;
    for (let g = 0; g < nGroups; g++) {
      for (let i = 0; i < groupSize; i++) {
        group.x[i] = src[s + groupSize * g + i]!;
        group.importance[i] = Math.abs(group.x[i]!);
      }
      fitScaleMin(group, grid);
      levels.set(group.levels, groupSize * g);
      scales[g] = group.scale;
      mins[g] = group.min;
      maxScale = Math.max(maxScale, group.scale);
      maxMin = Math.max(maxMin, group.min);
    }
    writeHalf(dst, d + scaleUnitAt, f32(maxScale / 15));
    writeHalf(dst, d + minUnitAt, f32(maxMin / 15));
    const perScale = maxScale > 0 ? f32(15 / maxScale) : 0;
    const perMin = maxMin > 0 ? f32(15 / maxMin) : 0;
    for (let g = 0; g < nGroups; g++) {
      const scale = clamp(nearestInt(f32(perScale * scales[g]!)), 0, 15);
      const min = clamp(nearestInt(f32(perMin * mins[g]!)), 0, 15);
      dst[d + g] = scale | (min << 4);
    }
    chooseLevels(src, s, dst, d, levels);
    for (let i = 0; i < 64; i++) {
      const w = i + 96 * (i >> 5); // 0..31, then 128..159
      dst[d + levelsAt + i] = levels[w]! | (levels[w + 32]! << 2) | (levels[w + 64]! << 4) | (levels[w + 96]! << 6);
    }
  }
}

/** Scales and mins were rounded: chooses the levels again for the values a decoder will see. */
function chooseLevels(src: Float32Array, begin: number, dst: Uint8Array, block: number, levels: Uint8Array): void {
  for (let g = 0; g < nGroups; g++) {
    const scale = f32(readHalf(dst, block + scaleUnitAt) * (dst[block + g]! & 15));
    const min = f32(readHalf(dst, block + minUnitAt) * (dst[block + g]! >> 4));
    if (scale === 0) continue;
    for (let i = groupSize * g; i < groupSize * (g + 1); i++) {
      levels[i] = clamp(nearestInt(f32(f32(src[begin + i]! + min) / scale)), 0, 3);
    }
  }
}
