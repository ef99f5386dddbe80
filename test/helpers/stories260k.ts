/**
 * stories260K, the smallest model that tells a story. Its note holds the greedy output, which makes it the test of a whole
 * forward pass.
 */
import { readFile } from 'node:fs/promises';
import { writeGguf, type GgufToWrite } from '../../src/gguf/write.ts';
import type { ByteSink } from '../../src/bytes/source.ts';
import { llama2cToGguf } from './llama2c.ts';

const folder = new URL('../fixtures/stories260K/', import.meta.url);

/** The model, ready to be written. */
export async function stories260kContent(): Promise<GgufToWrite> {
  const checkpoint = await readFile(new URL('stories260K.bin', folder));
  const tokenizer = await readFile(new URL('tok512.bin', folder));
  return llama2cToGguf(checkpoint, tokenizer, 'stories260K');
}

/** The whole model as the bytes of a GGUF file. */
export async function stories260kGguf(): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  const sink: ByteSink = {
    name: 'stories260K.gguf',
    write: (bytes) => Promise.resolve(void pieces.push(bytes.slice())),
    finish: () => Promise.resolve(),
    abort: () => Promise.resolve(),
  };
  await writeGguf(sink, await stories260kContent());
  return new Uint8Array(Buffer.concat(pieces));
}
