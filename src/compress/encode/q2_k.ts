/** Floats to q2_k, to the bytes that ggml makes; `src/quants/q2_k.ts` draws them. */
import { readHalf, writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize, groupSize, levelsAt, minUnitAt, nGroups, scaleUnitAt } from '../../quants/q2_k.ts';
import { clamp, f32, nearestInt } from '../../quants/rounding.ts';
import { type Grid, type Group, fineGrid, fitScaleMin, newGroup, takeGroup, tenth } from './fit.ts';
import { fitUnit, newScales, widestUnit } from './fit_scales.ts';
import { sumOf, sumOfSquares, weighByColumns } from './importance.ts';

const grid: Grid = { maxLevel: 3, firstStretch: -0.5, stretchStep: tenth, lastTry: 15, errorPower: 1 };
const fine = fineGrid(3);

export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  const group = newGroup(groupSize);
  const levels = new Uint8Array(blockSize);
  const scales = newScales(nGroups);
  const mins = newScales(nGroups);
  const unitOf = importance ? fitUnit : widestUnit;
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const power = importance ? f32(sumOfSquares(src, s, blockSize) / blockSize) : 0;
    for (let g = 0; g < nGroups; g++) {
      takeGroup(group, src, s + groupSize * g);
      if (importance) weighByColumns(group, importance, (s % importance.length) + groupSize * g, power);
      else weighBySize(group);
      fitScaleMin(group, importance ? fine : grid);
      levels.set(group.levels, groupSize * g);
      scales.x[g] = group.scale;
      mins.x[g] = group.min;
      scales.importance[g] = mins.importance[g] = sumOf(group.importance);
    }
    writeHalf(dst, d + scaleUnitAt, unitOf(scales, 15));
    writeHalf(dst, d + minUnitAt, unitOf(mins, 15));
    for (let g = 0; g < nGroups; g++) dst[d + g] = scales.levels[g]! | (mins.levels[g]! << 4);
    chooseLevels(src, s, dst, d, levels);
    for (let i = 0; i < 64; i++) {
      const w = i + 96 * (i >> 5); // 0..31, then 128..159
      dst[d + levelsAt + i] = levels[w]! | (levels[w + 32]! << 2) | (levels[w + 64]! << 4) | (levels[w + 96]! << 6);
    }
  }
}

function weighBySize({ x, importance }: Group): void {
  for (let i = 0; i < groupSize; i++) importance[i] = Math.abs(x[i]!);
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
