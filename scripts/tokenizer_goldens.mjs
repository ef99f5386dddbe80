/**
 * Token ids of llama.cpp for the texts in test/fixtures/tokenizers/texts.json, written to llama_cpp.json beside them.
 *
 *   node scripts/tokenizer_goldens.mjs PEERS NAME=FILE.gguf …
 *
 * PEERS is a folder in which `npm install node-llama-cpp@3.22.1` was run; it brings llama.cpp along. For each model and each
 * text: the ids without and, where they differ, with control tokens parsed; BOS and EOS never added.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [peers, ...models] = process.argv.slice(2);
if (!peers || models.length === 0) throw new Error('usage: node scripts/tokenizer_goldens.mjs PEERS NAME=FILE.gguf …');
const entry = createRequire(path.resolve(peers, 'package.json')).resolve('node-llama-cpp');
const { getLlama, getModuleVersion, LlamaLogLevel } = await import(pathToFileURL(entry).href);

const fixtures = path.resolve(import.meta.dirname, '../test/fixtures/tokenizers');
/** @type {string[]} */
const texts = JSON.parse(readFileSync(path.join(fixtures, 'texts.json'), 'utf8'));
const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
/** @type {{ engine: string, models: Record<string, string[][]> }} */
const goldens = {
  engine: `llama.cpp ${llama.llamaCppRelease.release}, node-llama-cpp ${await getModuleVersion()}`,
  models: {},
};
for (const argument of models) {
  const [name = '', file] = argument.split('=');
  const model = await llama.loadModel({ modelPath: file, vocabOnly: true });
  goldens.models[name] = texts.map((text) => {
    const plain = model.tokenize(text, false).join(' ');
    const special = model.tokenize(text, true).join(' ');
    return special === plain ? [plain] : [plain, special];
  });
  await model.dispose();
}
writeFileSync(path.join(fixtures, 'llama_cpp.json'), JSON.stringify(goldens, null, 0).replaceAll('],', '],\n') + '\n');
process.exit(0); // the native library keeps the process alive
