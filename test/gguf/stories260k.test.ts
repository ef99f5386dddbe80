import { describe, expect, it } from 'vitest';
import { readGguf } from '../../src/gguf/read.ts';
import { readVocab } from '../../src/gguf/vocab.ts';
import { memorySource } from '../helpers/gguf_bytes.ts';
import { stories260kGguf } from '../helpers/stories260k.ts';

describe('stories260K as GGUF', () => {
  it('holds the weights and the vocabulary of the checkpoint', async () => {
    const file = await readGguf(memorySource(await stories260kGguf(), 'stories260K.gguf'));
    expect(file.tensors.size).toBe(1 + 9 * 5 + 1);
    expect(file.tensors.get('blk.4.attn_k.weight')!.shape).toEqual([32, 64]);
    const nWeights = [...file.tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    expect(nWeights).toBe(260_032);
    const vocab = readVocab(file.metadata);
    expect([1, 3, 259].map((token) => vocab.tokens.at(token))).toEqual(['<s>', '<0x00>', '\u2581t']);
    expect([vocab.types![0], vocab.types![1], vocab.types![258], vocab.types![259]]).toEqual([2, 3, 6, 1]);
    expect(vocab.scores![260]).toBe(-1);
  });
});
