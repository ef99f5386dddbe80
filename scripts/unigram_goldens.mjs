/**
 * Token ids of llama.cpp for the small unigram vocabulary of test/tokenizers/unigram_vocab.ts, written to
 * test/fixtures/tokenizers/unigram.json: for each of its four ways with spaces and each text, with control tokens parsed.
 *
 *   node scripts/unigram_goldens.mjs PEERS
 *
 * PEERS is a folder in which `npm install node-llama-cpp@3.22.1` was run; it brings llama.cpp along. Needs `npm run build`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [peers] = process.argv.slice(2);
if (!peers) throw new Error('usage: node scripts/unigram_goldens.mjs PEERS');
const entry = createRequire(path.resolve(peers, 'package.json')).resolve('node-llama-cpp');
const { getLlama, getModuleVersion, LlamaLogLevel } = await import(pathToFileURL(entry).href);
const root = path.resolve(import.meta.dirname, '..');
const { openNodeSink, writeGguf } = await import(pathToFileURL(path.join(root, 'dist/node/gguf.js')).href);
const work = mkdtempSync(path.join(tmpdir(), 'unigram-'));
const outfile = path.join(work, 'vocab.mjs');
await build({
  entryPoints: [path.join(root, 'test/tokenizers/unigram_vocab.ts')],
  bundle: true,
  format: 'esm',
  outfile,
});
const { unigramFlags, unigramTexts, unigramVocab } = await import(pathToFileURL(outfile).href);

/** @param {any} vocab */
function metadataOf(vocab) {
  /** @param {string} of @param {any} value */
  const array = (of, value) => ({ type: 'array', of, value });
  /** @type {Record<string, any>} */
  const keys = {
    model: { type: 'string', value: vocab.model },
    tokens: array('string', [...vocab.tokens]),
    scores: array('f32', vocab.scores),
    token_type: array('i32', vocab.types),
    precompiled_charsmap: array('u8', vocab.charsmap),
    eos_token_id: { type: 'u32', value: vocab.eosToken },
    unknown_token_id: { type: 'u32', value: vocab.unkToken },
    padding_token_id: { type: 'u32', value: vocab.padToken },
    add_space_prefix: { type: 'bool', value: vocab.addSpacePrefix },
    remove_extra_whitespaces: { type: 'bool', value: vocab.removeExtraWhitespaces },
  };
  const named = Object.entries(keys).map(([key, value]) => /** @type {const} */ ([`tokenizer.ggml.${key}`, value]));
  const shape = ['context_length', 'embedding_length', 'block_count', 'feed_forward_length', 'attention.head_count'];
  return new Map([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ...shape.map((key) => /** @type {const} */ ([`llama.${key}`, { type: 'u32', value: 1 }])),
    ['llama.attention.layer_norm_rms_epsilon', { type: 'f32', value: 1 }],
    ...named,
  ]);
}

const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.fatal });
const ways = [];
for (const flags of unigramFlags) {
  const file = path.join(work, `${ways.length}.gguf`);
  await writeGguf(await openNodeSink(file), { metadata: metadataOf(unigramVocab(flags)), tensors: [] });
  const model = await llama.loadModel({ modelPath: file, vocabOnly: true });
  ways.push({ flags, ids: unigramTexts.map((/** @type {string} */ text) => model.tokenize(text, true).join(' ')) });
  await model.dispose();
}
const engine = `llama.cpp ${llama.llamaCppRelease.release}, node-llama-cpp ${await getModuleVersion()}`;
const golden = path.join(root, 'test/fixtures/tokenizers/unigram.json');
writeFileSync(golden, JSON.stringify({ engine, ways }, null, 1) + '\n');
rmSync(work, { recursive: true });
process.exit(0); // the native library keeps the process alive
