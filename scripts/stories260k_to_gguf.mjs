#!/usr/bin/env node
/**
 * Converts a llama2.c checkpoint (version 0, f32) with its tokenizer to GGUF.
 *
 *   node scripts/stories260k_to_gguf.mjs stories260K.bin tok512.bin stories260K.gguf
 *
 * The model and its tokenizer are karpathy/tinyllamas on Hugging Face (MIT). The conversion itself is the function that the tests use.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [checkpoint, tokenizer, target] = process.argv.slice(2);
if (!checkpoint || !tokenizer || !target) {
  console.error('usage: node scripts/stories260k_to_gguf.mjs MODEL.bin TOKENIZER.bin TARGET.gguf');
  process.exit(2);
}
const root = fileURLToPath(new URL('..', import.meta.url));
const entry = `
  export { llama2cToGguf } from './test/helpers/llama2c.ts';
  export { writeGguf } from './src/gguf/write.ts';
  export { openNodeSink } from './src/bytes/node_file.ts';
`;
const stdin = { contents: entry, resolveDir: root, loader: /** @type {const} */ ('ts') };
const folder = await mkdtemp(join(tmpdir(), 'thimble-'));
const outfile = join(folder, 'convert.mjs');
await build({ stdin, outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' });
const { llama2cToGguf, writeGguf, openNodeSink } = await import(pathToFileURL(outfile).href);
await rm(folder, { recursive: true });

const name = basename(target, '.gguf');
const content = llama2cToGguf(await readFile(checkpoint), await readFile(tokenizer), name);
await writeGguf(await openNodeSink(target), content);
