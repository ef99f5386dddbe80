/** Floats to q6_k, to the bytes that ggml makes; `src/quants/q6_k.ts` draws them. */
import { readHalf, writeHalf } from '../../base/half.ts';
import { groupSize, highAt, nGroups, q6_k, scalesAt, unitAt } from '../../quants/q6_k.ts';
import { clamp, f32, nearestInt } from '../../quants/rounding.ts';
import { fitGroups, fitScale, negligible, newGroup } from './fit.ts';
import { weighBySquares } from './importance.ts';

const { blockBytes, blockSize } = q6_k;

export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  const levels = new Uint8Array(blockSize);
  const scales = new Float32Array(nGroups);
  const group = newGroup(groupSize);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const extreme = fitGroups(src, s, levels, scales, group, (group, g) => {
      const column = importance ? (s % importance.length) + groupSize * g : 0;
      if (importance) group.importance.set(importance.subarray(column, column + groupSize));
      else weighBySquares(group);
      fitScale(group, 32);
    });
    if (Math.abs(extreme) < negligible) {
      dst.fill(0, d, d + blockBytes);
      continue;
    }
    const perUnit = f32(-128 / extreme);
    writeHalf(dst, d + unitAt, f32(1 / perUnit));
    const unit = readHalf(dst, d + unitAt);
    for (let g = 0; g < nGroups; g++) {
      const groupScale = clamp(nearestInt(f32(perUnit * scales[g]!)), -128, 127);
      dst[d + scalesAt + g] = groupScale;
      const scale = f32(unit * groupScale);
      if (scale === 0) continue;
      for (let i = groupSize * g; i < groupSize * (g + 1); i++) {
        levels[i] = 32 + clamp(nearestInt(f32(src[s + i]! / scale)), -32, 31);
      }
    }
    packLevels(levels, dst, d);
  }
}

function packLevels(levels: Uint8Array, dst: Uint8Array, block: number): void {
  for (let half = 0; half < 2; half++) {
    for (let i = 0; i < 32; i++) {
      const w0 = levels[128 * half + i]!;
      const w1 = levels[128 * half + i + 32]!;
      const w2 = levels[128 * half + i + 64]!;
      const w3 = levels[128 * half + i + 96]!;
      dst[block + 64 * half + i] = (w0 & 15) | ((w2 & 15) << 4);
      dst[block + 64 * half + i + 32] = (w1 & 15) | ((w3 & 15) << 4);
      dst[block + highAt + 32 * half + i] = (w0 >> 4) | ((w1 >> 4) << 2) | ((w2 >> 4) << 4) | ((w3 >> 4) << 6);
    }
  }
}
