import { expect, it } from 'vitest';
import { weightsHash } from '../../src/engine/weights_hash.ts';
import { openGguf } from '../../src/gguf/open.ts';
import { memorySource } from '../helpers/gguf_bytes.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

const openSibling = () => Promise.reject(new Error('one file only'));
const file = await openGguf(memorySource(tinyModel('llama')), { openSibling });
const tensors = [...file.tensors.values()];

/** Streams the tensors in pieces of so many bytes; `change` is applied to each byte. */
async function nameOf(
  pieceBytes: number,
  change = (byte: number, _name: string, _at: number) => byte,
): Promise<string> {
  const hash = weightsHash(file, async (tensor, offsetBytes, into) => {
    const { shardIndex, offsetBytes: at } = file.tensors.get(tensor.name)!;
    await file.sources[shardIndex]!.read(at + offsetBytes, into);
    into.forEach((byte, i) => (into[i] = change(byte, tensor.name, offsetBytes + i)));
  });
  for (const tensor of tensors) {
    for (let at = 0; at < tensor.sizeBytes; at += pieceBytes) {
      await hash.read(tensor, at, new Uint8Array(Math.min(pieceBytes, tensor.sizeBytes - at)));
    }
  }
  return hash.name();
}

it('is the same however the bytes come', async () => {
  const name = await nameOf(1 << 20);
  expect(name).toMatch(/^tiny llama [0-9a-f]{16}$/);
  for (const pieceBytes of [1, 7, 509, 1000, 4096]) expect(await nameOf(pieceBytes)).toBe(name);
});

it('is another when any one tensor is another', async () => {
  const names = new Set([await nameOf(4096)]);
  for (const { name } of tensors) names.add(await nameOf(4096, (byte, other) => (other === name ? byte ^ 1 : byte)));
  expect(names.size).toBe(1 + tensors.length);
});
