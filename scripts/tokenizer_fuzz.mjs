/**
 * Random texts through llama.cpp's tokenizer and this one: every id, with and without control tokens, and the set of tokens that end an
 * answer. Fails where they differ and no reason is known.
 *
 *   node scripts/tokenizer_fuzz.mjs [--peers PEERS] [--texts 2000] [--seed 1] [--pre all] [NAME=FILE.gguf …]
 *
 * PEERS is a folder in which `npm install node-llama-cpp@3.22.1` was run (default: that of `node bench/run.mjs peers`). Without files, the
 * vocabularies of llama.cpp's own tests are taken: the package carries them in a git bundle, from which they are unpacked into PEERS/vocabs.
 * `--pre` asks about pre-tokenizers that no vocabulary at hand has, by name or all of them: each as if gpt-2's vocabulary named it. Needs
 * `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'string' },
    texts: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    pre: { type: 'string', default: '' },
  },
});
const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
const peers = options.peers ?? process.env['THIMBLE_PEERS'] ?? path.join(cache, 'thimble', 'peers');

/** @param {string} file */
const load = (file) => import(pathToFileURL(file).href);

const entry = createRequire(path.resolve(peers, 'package.json')).resolve('node-llama-cpp');
const { getLlama, getModuleVersion, LlamaLogLevel } = await load(entry);
const dist = path.resolve(import.meta.dirname, '../dist/node');
const { openTokenizer } = await load(path.join(dist, 'index.js'));
const { openModelFile, openNodeSink, writeGguf } = await load(path.join(dist, 'gguf.js'));

/**
 * Where this tokenizer is not llama.cpp's, on purpose: it does as the model's own does (`tokenizer.json`), whose patterns llama.cpp
 * rewrites for C++. `texts` says which texts are the same for both.
 * @type {Readonly<Record<string, { readonly why: string, readonly texts: RegExp, readonly ends?: readonly string[] }>>}
 */
const knownDifferences = {
  'bert-bge': { why: 'Hangul, marks and controls as in BertNormalizer', texts: /^[\n -~À-ʯ]*$/, ends: ['[SEP]'] },
  'deepseek-llm': { why: 'U+3000, punctuation and white space', texts: /^[^\u3000]*$/ },
  tekken: { why: 'case of letters beyond ASCII', texts: /^[\t-\r -~]*$/ },
  'gpt-4o': { why: 'case of letters beyond ASCII', texts: /^[\t-\r -~]*$/ },
  'granite-embed-multi-97m': { why: 'case of letters beyond ASCII', texts: /^[\t-\r -~]*$/ },
  'minimax-m2': { why: 'case of letters beyond ASCII', texts: /^[\t-\r -~]*$/ },
  tiny_aya: { why: 'words end where a capital follows', texts: /^[\t-\r -@[-~]*$/ },
  cohere2moe: { why: 'words end where a capital follows', texts: /^[\t-\r -@[-~]*$/ },
  youtu: { why: 'words end where a capital follows', texts: /^[\t-\r -@[-~]*$/ },
  superbpe: { why: 'digits beyond ASCII', texts: /^[^\u0660-\u{1ffff}]*$/u },
  'kimi-k2': { why: 'words end where a capital follows', texts: /^[\t-\r -@[-~]*$/ },
};

/** One name of each row in `src/tokenizers/more_pretokenizers.ts`, but for those of the vocabularies at hand. */
const everyPre =
  'afmoe,cohere2moe,exaone-moe,jais-2,kimi-k2,laguna,spark2_5,superbpe,tiny_aya,ufakzeka,youtu,minicpm5,bailingmoe,seed-coder,' +
  'deepseek-v3,tekken,gpt-4o,granite-embed-multi-97m,bloom,viking,chameleon,default,smollm,dbrx';

/**
 * Numbers in [0, 1) that are the same in every run (xorshift32).
 * @param {number} seed
 */
function seeded(seed) {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

const ranges = [
  ...['20-7e', '20-7e', '0-7f', '0-20', '80-24f', '300-36f', '370-5ff', '600-6ff', '900-dff', 'e01-eff', '1100-11ff'],
  ...['1e00-1fff', '2000-206f', '2070-209f', '20a0-20cf', '2100-218f', '2190-2bff', '2e80-2fdf', '3000-303f'],
  ...['3040-30ff', '3130-318e', '3300-33ff', '4e00-9fff', 'ac00-d7a3', 'e000-e0ff', 'f900-faff', 'fb00-fb4f'],
  ...['fe00-feff', 'ff00-ffef', 'fff0-ffff', '10300-1034f', '1d400-1d7ff', '1f1e6-1f1ff', '1f300-1faff', '200d-200d'],
  ...['20000-2a6df', '2f800-2fa1f', 'e0000-e01ef', '10000-10ffff', '2581-2581'],
].map((range) => range.split('-').map((end) => parseInt(end, 16)));

const snippets = [
  ...[
    ' ',
    '  ',
    '\n',
    '\n\n',
    '\r\n',
    '\t',
    '   \n ',
    "'s",
    "'T",
    "'ll",
    ' 1',
    '12',
    '1234567',
    '٣٤٥٦',
    '½12345',
    'x',
    ' the',
    'The',
  ],
  ...[
    'camelCase',
    'HTTPServer',
    ' don’t',
    'e\u0301',
    '한국어',
    '中文字',
    'ひらがな',
    'Ελλάς',
    'नमस्ते',
    'ไทย',
    '👩‍👩‍👧',
    '🇫🇷',
    '(',
    ')))',
    '...',
    '—',
  ],
  ...[
    'http://a.b/c?d=1',
    '<p>',
    '</s>',
    '<s>',
    '<mask>',
    '<|im_end|>',
    'ﷺ',
    'ﬁ',
    'Å',
    '①',
    '㍿',
    '\u00a0',
    '\u3000',
    '\ufeff',
    '▁',
    '▁▁a',
  ],
];

/**
 * Texts of characters, of snippets, and of the vocabulary's own pieces, all three mixed in many.
 * @param {() => number} random
 * @param {any} tokenizer
 */
function randomText(random, tokenizer) {
  /** @param {readonly any[]} list */
  const one = (list) => list[Math.floor(random() * list.length)];
  const kind = Math.floor(random() * 4);
  let text = '';
  for (let n = Math.floor(random() * 24); n > 0; n--) {
    const what = kind < 3 ? kind : Math.floor(random() * 3);
    if (what === 0) {
      const [first, last] = one(ranges);
      text += String.fromCodePoint(first + Math.floor(random() * (last - first + 1)));
    } else if (what === 1) text += one(snippets);
    else text += new TextDecoder().decode(tokenizer.bytes(Math.floor(random() * tokenizer.nVocab)));
  }
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** The vocabularies in the package's bundle. */
function ownVocabularies() {
  const folder = path.join(peers, 'vocabs');
  if (!existsSync(folder)) {
    const bundle = path.join(peers, 'node_modules/node-llama-cpp/llama/gitRelease.bundle');
    const clone = mkdtempSync(path.join(tmpdir(), 'llama-cpp-'));
    spawnSync('git', ['clone', '--quiet', bundle, clone], { stdio: 'inherit' });
    mkdirSync(folder);
    for (const name of readdirSync(path.join(clone, 'models')).filter((file) => file.startsWith('ggml-vocab-')))
      spawnSync('mv', [path.join(clone, 'models', name), path.join(folder, name)], { stdio: 'inherit' });
    rmSync(clone, { recursive: true });
  }
  return readdirSync(folder)
    .filter((file) => file.endsWith('.gguf'))
    .map((file) => ({ name: file.replace(/^ggml-vocab-|\.gguf$/g, ''), file: path.join(folder, file) }));
}

/**
 * The vocabulary of a file with another pre-tokenizer.
 * @param {string} file
 * @param {string} pre
 */
async function withPre(file, pre) {
  const opened = await openModelFile(file);
  const metadata = new Map(opened.metadata.entries());
  metadata.set('tokenizer.ggml.pre', { type: 'string', value: pre });
  const to = path.join(work, `${pre}.gguf`);
  await writeGguf(await openNodeSink(to), { metadata, tensors: [] });
  for (const source of opened.sources) await source.close();
  return to;
}

/**
 * @param {any} llama
 * @param {{ name: string, file: string }} vocabulary
 * @returns {Promise<number>} how many texts differ
 */
async function compare(llama, { name, file }) {
  const theirs = await llama.loadModel({ modelPath: file, vocabOnly: true });
  const ours = await openTokenizer(file);
  const random = seeded(Number(options.seed));
  const known = knownDifferences[name];
  let nSame = 0;
  let nTexts = 0;
  /** @type {string[]} */
  const different = [];
  for (let i = 0; i < Number(options.texts); i++) {
    const text = randomText(random, ours);
    if (known && !known.texts.test(text)) continue;
    for (const special of [false, true]) {
      const [expected, got] = [theirs.tokenize(text, special).join(' '), ours.encode(text, { special }).join(' ')];
      nTexts++;
      if (expected === got) nSame++;
      else
        different.push(
          `${JSON.stringify(text)}${special ? ' (special)' : ''}\n    llama.cpp ${expected}\n    thimble   ${got}`,
        );
    }
  }
  const ends = Array.from({ length: ours.nVocab }, (_, token) => token).filter(
    (token) => theirs.isEogToken(token) !== ours.isEndOfGeneration(token) && !known?.ends?.includes(ours.piece(token)),
  );
  const say = known ? ` (of the same for both: not ${known.why})` : '';
  console.log(
    `${name}: ${nSame} of ${nTexts} alike${say}${ends.length > 0 ? `; ends differ: ${ends.map(ours.piece).join(' ')}` : ''}`,
  );
  for (const each of different.sort((a, b) => a.length - b.length).slice(0, 4)) console.log(`  ${each}`);
  await theirs.dispose();
  return different.length + ends.length;
}

const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.fatal });
console.log(`llama.cpp ${llama.llamaCppRelease.release}, node-llama-cpp ${await getModuleVersion()}`);
const work = mkdtempSync(path.join(tmpdir(), 'vocabs-'));
const given = positionals.map((each) => ({ name: each.split('=')[0] ?? '', file: each.split('=')[1] ?? '' }));
const vocabularies = given.length > 0 || options.pre ? given : ownVocabularies();
const wanted = (options.pre === 'all' ? everyPre : options.pre).split(',').filter(Boolean);
for (const pre of wanted) {
  const gpt2 = ownVocabularies().find(({ name }) => name === 'gpt-2');
  vocabularies.push({ name: pre, file: await withPre(gpt2?.file ?? '', pre) });
}
let nDifferent = 0;
for (const vocabulary of vocabularies) nDifferent += await compare(llama, vocabulary);
rmSync(work, { recursive: true });
process.exit(nDifferent > 0 ? 1 : 0); // the native library keeps the process alive
