import { expect, it } from 'vitest';
import { greatest } from '../../src/base/numbers.ts';
import { madeUp } from '../../src/engine/model_sample.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { quants } from '../../src/quants/index.ts';
import { bytesFor } from '../../src/quants/quant_type.ts';

const decoded = quants.filter(({ dequantize }) => dequantize).map((quant) => [quant.name, quant] as const);

it.each(decoded)('weights of %s that are made up are finite, and no zeros', async (_, quant) => {
  const nFloats = 1024;
  const tensor: Tensor = { name: 'made up', quant, shape: [nFloats] };
  const bytes = new Uint8Array(bytesFor(quant, nFloats));
  await quant.load?.();
  await madeUp(tensor, 0, bytes);
  const floats = new Float32Array(nFloats);
  quant.dequantize!(bytes, floats);
  expect(floats.every(Number.isFinite)).toBe(true);
  expect(greatest([...floats].map(Math.abs))).toBeGreaterThan(0);
  const row = new Uint8Array(quant.blockBytes);
  await madeUp(tensor, quant.blockBytes, row);
  expect(row).toEqual(bytes.slice(quant.blockBytes, 2 * quant.blockBytes)); // the check reads some rows again
});
