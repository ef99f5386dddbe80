/** Vocabularies of real models, as GGUF files without weights. */
import { existsSync, readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

const committed = new URL('../fixtures/tokenizers/', import.meta.url);
const shared = new URL('../../../shared/data/tokenizers/', import.meta.url);

/** The file of llama.cpp's tests, or undefined: those of Llama 2 and StarCoder are not free, and only read where `../shared/data` is. */
export function vocabFile(name: string): Uint8Array<ArrayBuffer> | undefined {
  const packed = new URL(`ggml-vocab-${name}.gguf.br`, committed);
  if (existsSync(packed)) return Uint8Array.from(brotliDecompressSync(readFileSync(packed)));
  const file = new URL(`ggml-vocab-${name}.gguf`, shared);
  return existsSync(file) ? Uint8Array.from(readFileSync(file)) : undefined;
}

/** llama.cpp's cases for it: `inp` the texts, `out` their tokens. */
export function vocabCases(name: string, ending: 'inp' | 'out'): string {
  const file = `ggml-vocab-${name}.gguf.${ending}`;
  const here = new URL(file, committed);
  return readFileSync(existsSync(here) ? here : new URL(file, shared), 'utf8');
}
