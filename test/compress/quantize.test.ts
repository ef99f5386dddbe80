import { describe, expect, it } from 'vitest';
import { mixNames, planQuantization, quantizeGguf } from '../../src/compress/quantize.ts';
import { FormatError } from '../../src/base/errors.ts';
import { openGguf } from '../../src/gguf/open.ts';
import { readGguf } from '../../src/gguf/read.ts';
import { memoryFolder, memorySource } from '../helpers/gguf_bytes.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

const openSibling = () => Promise.reject(new Error('one file only'));

/** A model whose feed-forward weights and one of whose norms have this number in them. */
async function modelWith(value: number, tensors: readonly string[]) {
  const bytes = tinyModel('llama').slice();
  const file = await readGguf(memorySource(bytes));
  const view = new DataView(bytes.buffer);
  for (const name of tensors) view.setFloat32(file.tensors.get(name)!.offsetBytes + 4 * 33, value, true);
  return openGguf(memorySource(bytes), { openSibling });
}

async function quantize(value: number, tensor: string, type: string) {
  const file = await modelWith(value, [tensor]);
  const folder = memoryFolder();
  await quantizeGguf(file, planQuantization(file, type), await folder.openSink('out.gguf'));
  return folder;
}

describe.each(mixNames.filter((name) => name !== 'Q2_K_S'))('quantising to %s', (type) => {
  it.each(['blk.0.ffn_up.weight', 'blk.1.attn_norm.weight'])('refuses what is not finite in %s', async (tensor) => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const folder = await quantize(value, tensor, type).catch((error: unknown) => error);
      expect(folder).toBeInstanceOf(FormatError);
      expect(String(folder)).toContain(tensor);
    }
  });
});

it('refuses weights that the type cannot hold, and takes them where it can', async () => {
  await expect(quantize(70000, 'blk.0.ffn_up.weight', 'f16')).rejects.toThrow(/ffn_up.weight has weights that f16/);
  for (const type of ['q4_0', 'q8_0', 'bf16', 'f32']) await quantize(70000, 'blk.0.ffn_up.weight', type);
  await expect(quantize(1e7, 'blk.0.ffn_up.weight', 'q4_0')).rejects.toThrow(/weights that q4_0 turns infinite/);
});
