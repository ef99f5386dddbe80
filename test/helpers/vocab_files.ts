/** Vocabularies of real models, as GGUF files without weights. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const committed = new URL('../fixtures/tokenizers/', import.meta.url);
const shared = new URL('../../../shared/data/tokenizers/', import.meta.url);

/** Where scripts/tokenizer_fuzz.mjs unpacks all those of llama.cpp's tests. */
const { THIMBLE_PEERS, XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env;
const unpacked = pathToFileURL(join(THIMBLE_PEERS ?? join(XDG_CACHE_HOME, 'thimble', 'peers'), 'vocabs/'));

/** The file of llama.cpp's tests, or undefined: what is large or not free is only read where `../shared/data` or peers are. */
export function vocabFile(name: string): Uint8Array<ArrayBuffer> | undefined {
  const packed = new URL(`ggml-vocab-${name}.gguf.br`, committed);
  if (existsSync(packed)) return Uint8Array.from(brotliDecompressSync(readFileSync(packed)));
  const file = [shared, unpacked].map((folder) => new URL(`ggml-vocab-${name}.gguf`, folder)).find(existsSync);
  return file && Uint8Array.from(readFileSync(file));
}

/** llama.cpp's cases for it: `inp` the texts, `out` their tokens. */
export function vocabCases(name: string, ending: 'inp' | 'out'): string {
  const files = [committed, shared, unpacked].map((folder) => new URL(`ggml-vocab-${name}.gguf.${ending}`, folder));
  return readFileSync(files.find(existsSync) ?? files[0]!, 'utf8');
}
