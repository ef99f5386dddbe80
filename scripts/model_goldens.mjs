#!/usr/bin/env node
/**
 * Asks llama.cpp for everything the fidelity tests compare with, and writes it to test/fixtures/models/.
 *
 *   node scripts/model_goldens.mjs --peers DIR [--model SMOLLM2.gguf] [--wiki wiki.test.raw] [--only tiny,families,logits,…] [--names lfm2,…]
 *
 * The engine is llama.cpp v0.5.0 as the npm package @node-llama-cpp/linux-x64@3.22.1 ships it, x86-64 Linux, CPU only. It
 * is no dependency of this project; install it elsewhere and name the folder that then holds node_modules:
 *
 *   mkdir DIR && cd DIR && npm init -y && npm i --ignore-scripts node-llama-cpp@3.22.1 @node-llama-cpp/linux-x64@3.22.1
 *
 * Its GELU is a table of 16-bit numbers, and the layers of Gemma 3n make of that table's error 0.3 in a logit. So families and encoders
 * with a GELU have their goldens from a second build of the same source, whose GELU is computed: --exact-gelu names its libraries.
 * The source is a bundle in the package node-llama-cpp:
 *
 *   git clone DIR/node_modules/node-llama-cpp/llama/gitRelease.bundle source && cd source
 *   sed -i '/^#define GGML_GELU_FP16$/d' ggml/src/ggml-cpu/vec.h
 *   cmake -B build -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF -DBUILD_SHARED_LIBS=ON -DLLAMA_BUILD_COMMON=OFF \
 *     -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF && cmake --build build --target llama   # --exact-gelu source/build/bin
 *
 * Python 3 (standard library only) must be on the path: llama_cpp.py reaches the full logits through the C interface.
 * llama.cpp's CPU variants round differently, so most goldens are made by several of them, and say how far those are apart:
 *
 *   shipped   the variant llama.cpp picks for the machine, f16 KV cache, flash attention: its defaults
 *   haswell   the same held to AVX2
 *   sse42     the same held to SSE 4.2, 128-bit vectors as in WebAssembly
 *   exact     weights widened to f32, f32 KV cache, no flash attention: as near to the model's true values as f32 gets;
 *             exactSse42 is the same in 128-bit vectors
 *
 * Everywhere but in the exact runs llama.cpp rounds activations to 8 bits before each product with quantised weights, so a
 * last bit that differs between two variants can move a logit of a deep model by several tenths. Judge an engine that rounds the
 * same way by how far the variants are apart from `exact`, and one that does not by `exact` itself.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { at, distance, distances, rowsOf, short, topOf } from './logit_rows.mjs';
import { adapterGoldens } from './adapter_goldens.mjs';
import { encoderGoldens } from './encoder_goldens.mjs';

/**
 * @typedef {Float32Array} Row logits of one position, [nVocab]
 * @typedef {{ tokens: number[], gaps: number[], text: string, stop: string }} Greedy
 */

const repo = path.resolve(import.meta.dirname, '..');
const fixtures = path.join(repo, 'test/fixtures/models');
const ENGINE = 'llama.cpp v0.5.0 (npm @node-llama-cpp/linux-x64@3.22.1), CPU, 1 thread';
/** @type {Readonly<Record<string, string[]>>} */
const VARIANTS = { shipped: [], haswell: ['--variant', 'haswell'], sse42: ['--variant', 'sse42'] };
const F32_KV = ['--kv', 'f32', '--flash', 'off'];

const { values: options } = parseArgs({
  options: {
    peers: { type: 'string' },
    model: { type: 'string' },
    'exact-gelu': { type: 'string' },
    wiki: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    names: { type: 'string' },
    only: { type: 'string', default: 'tiny,families,mixtures,encoders,rankers,adapters,logits,greedy,perplexity' },
  },
});
if (!options.peers)
  throw new TypeError('--peers DIR is needed: the folder with node_modules/@node-llama-cpp (see the top of this file)');
const libraries = path.join(options.peers, 'node_modules/@node-llama-cpp/linux-x64/bins/linux-x64');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'goldens-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

/**
 * Runs one llama.cpp process over a model: an array of requests in, an array of answers out.
 * @param {string | undefined} model
 * @param {string[]} flags
 * @param {object[]} requests
 * @param {string} folder of the libraries
 * @returns {any[]} what llama_cpp.py says to each, by its `op`
 */
function ask(model, flags, requests, folder = libraries) {
  const script = path.join(repo, 'scripts/llama_cpp.py');
  const input = requests.map((request) => JSON.stringify(request) + '\n').join('');
  const run = spawnSync(options.python, [script, folder, model ?? '', ...flags], {
    input,
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`llama.cpp on ${model} failed:\n${run.stderr}`);
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/**
 * The logits of one decode, [nRows, nVocab], with the rows as separate arrays.
 * @param {string | undefined} model
 * @param {string[]} flags
 * @param {readonly number[]} tokens
 */
function logits(model, flags, tokens, from = 0, folder = libraries) {
  const file = path.join(work, 'logits.f32');
  const [{ rows, nVocab }] = ask(model, flags, [{ op: 'logits', tokens, from, file }], folder);
  return rowsOf(file, rows, nVocab);
}

/**
 * JSON with every innermost array or flat object on one line.
 * @param {string} name
 * @param {object} data
 */
function save(name, data) {
  const text = JSON.stringify(data, null, 1).replace(/([[{])\s+([^[\]{}]*?)\s+([\]}])/g, (_, open, inside, close) => {
    return open + inside.replace(/\n\s+/g, ' ') + close;
  });
  fs.writeFileSync(path.join(fixtures, name), text + '\n');
  console.log(`${name}: ${text.length} bytes`);
}

const TINY_ENGINE = ENGINE + ', f32 KV cache, no flash attention';
const tinyFlags = ['--ctx', '256', ...F32_KV];
const tinyPositions = [0, 1, 2, 11, 31, 47];

/** Every seventh logit at these positions. @param {Row[]} rows */
const sample = (rows) =>
  tinyPositions.map((pos) =>
    Array.from(
      /** @type {Row} */ (rows[pos]).filter((_, t) => t % 7 === 0),
      (x) => short(x),
    ),
  );

/** @returns {Promise<typeof import('../test/helpers/tiny_models.ts')>} */
async function tinyModels() {
  const outfile = path.join(work, 'tiny_models.mjs');
  const entryPoints = [path.join(repo, 'test/helpers/tiny_models.ts')];
  await build({ entryPoints, bundle: true, format: 'esm', outfile });
  return import(outfile);
}

/** Tiny models: logits at a few positions and every seventh token id, the best token everywhere, a greedy run. */
async function tiny() {
  const { tinyConfigs, tinyModel, tinyPrompt } = await tinyModels();
  const flags = tinyFlags;
  /** @type {Record<string, object>} */
  const models = {};
  for (const [name, config] of Object.entries(tinyConfigs)) {
    const file = path.join(work, name + '.gguf');
    fs.writeFileSync(file, tinyModel(name));
    const rows = logits(file, flags, tinyPrompt);
    const [greedy] = ask(file, flags, [{ op: 'greedy', tokens: tinyPrompt, n: 16 }]);
    const run = (/** @type {string} */ variant) => logits(file, [...flags, ...(VARIANTS[variant] ?? [])], tinyPrompt);
    const exact = config.encoding('') === 'f32' ? undefined : logits(exactModel(file), flags, tinyPrompt);
    const runs = { haswell: run('haswell'), sse42: run('sse42'), ...(exact && { exact }) };
    models[name] = {
      nVocab: rows[0]?.length,
      best: rows.map((row) => topOf(row, 1)[0]),
      rows: sample(rows),
      ...(exact && { exact: sample(exact) }),
      greedy: {
        tokens: greedy.tokens,
        gaps: greedy.gaps.map((/** @type {number} */ gap) => short(gap, 4)),
        stop: greedy.stop,
      },
      apart: distances(rows, runs),
    };
  }
  save('tiny.json', { engine: TINY_ENGINE, prompt: tinyPrompt, positions: tinyPositions, every: 7, models });
}

/** Models whose two builds differ by more than this in a logit have a GELU. */
const GELU_GAP = 1e-4;

/**
 * Rows by the build that ships, or by the one with a computed GELU where there is one.
 * @param {number} gap
 * @param {(folder: string) => Row[]} rowsBy
 * @returns {{ rows: Row[], gelu: { gelu?: 'computed', table?: object } }}
 */
function withExactGelu(gap, rowsBy) {
  const exactGelu = options['exact-gelu'];
  if (!exactGelu)
    throw new TypeError('--exact-gelu DIR is needed: libraries with a computed GELU (see the top of this file)');
  const [shipped, rows] = [rowsBy(libraries), rowsBy(exactGelu)];
  const table = distance(rows, shipped);
  return table.max > gap ? { rows, gelu: { gelu: 'computed', table } } : { rows: shipped, gelu: {} };
}

const GELU_ENGINE = TINY_ENGINE + "; where gelu is 'computed', the same source built without GGML_GELU_FP16";

/**
 * Tiny models of the other families: the same logits, and nothing else, with weights widened to f32. `table` is how far a GELU from a table is
 * away. With --names the others keep what they have.
 * @param {'familyConfigs' | 'mixtureConfigs'} table
 * @param {string} fixture
 */
async function families(table, fixture) {
  const { [table]: configs, tinyModel, tinyPrompt } = await tinyModels();
  const names = options.names?.split(',').filter((name) => name in configs) ?? Object.keys(configs);
  /** @type {Record<string, object>} */
  const models = options.names ? JSON.parse(fs.readFileSync(path.join(fixtures, fixture), 'utf8')).models : {};
  for (const name of names) {
    const own = path.join(work, name + '.gguf');
    fs.writeFileSync(own, tinyModel(name));
    const file = configs[name]?.encoding('blk.0.ffn_down_exps.weight') === 'f32' ? own : exactModel(own);
    const { rows, gelu } = withExactGelu(GELU_GAP, (folder) => logits(file, tinyFlags, tinyPrompt, 0, folder));
    /** @type {Record<string, Row[]>} */
    const sse42 = gelu.gelu ? {} : { sse42: logits(file, [...tinyFlags, '--variant', 'sse42'], tinyPrompt) };
    const best = rows.map((row) => topOf(row, 1)[0]);
    models[name] = { ...gelu, best, rows: sample(rows), apart: distances(rows, sse42) };
  }
  save(fixture, { engine: GELU_ENGINE, prompt: tinyPrompt, positions: tinyPositions, every: 7, models });
}

/** Tiny models with adapters and control vectors: the same logits. */
const adapters = async () => {
  const known = { repo, work, ask, logits, exactModel, sample, flags: tinyFlags };
  const cases = await adapterGoldens(known);
  const engine = TINY_ENGINE + '; weights of quantised models widened to f32';
  save('adapters.json', { engine, prompt: (await tinyModels()).tinyPrompt, positions: tinyPositions, every: 7, cases });
};

/**
 * Tiny models that make embeddings, and those that rank: see encoder_goldens.mjs.
 * @param {'tinyEncoders' | 'tinyRankers'} table
 * @param {string} fixture
 */
async function encoders(table, fixture) {
  const kept = await encoderGoldens(table, { repo, work, ask, flags: tinyFlags, withExactGelu });
  save(fixture, { engine: GELU_ENGINE, ...kept });
}

/** The model with its weights widened to f32 by llama.cpp's own quantizer, made once. */
function exactModel(model = options.model ?? '') {
  const file = path.join(work, path.basename(model) + '.exact.gguf');
  if (!fs.existsSync(file)) ask(model, ['--ctx', '256'], [{ op: 'requantize', source: model, file, fileType: 0 }]);
  return file;
}

/**
 * The runs of the real model: name, file, flags.
 * @returns {[string, string | undefined, string[]][]}
 */
const realRuns = () => [
  ...Object.entries(VARIANTS).map(
    ([name, flags]) => /** @type {[string, string | undefined, string[]]} */ ([name, options.model, flags]),
  ),
  ['exact', exactModel(), F32_KV],
  ['exactSse42', exactModel(), [...F32_KV, ...(VARIANTS['sse42'] ?? [])]],
];

/** The real model on a prompt of twelve tokens: top ten and some fixed token ids per position. */
function realLogits() {
  const text = 'The quick brown fox jumps over the lazy dog, and the';
  const [{ tokens }] = ask(options.model, [], [{ op: 'tokenize', text }]);
  const runs = Object.fromEntries(realRuns().map(([name, model, flags]) => [name, logits(model, flags, tokens)]));
  const ids = Array.from({ length: 12 }, (_, i) => i * 4096 + 17 * i);
  const describe = (/** @type {Row[]} */ rows) =>
    rows.map((row) => ({
      top: topOf(row, 10).map((token) => [token, short(at(row, token))]),
      some: ids.map((token) => short(at(row, token))),
    }));
  const { exact = [], shipped = [], ...others } = runs;
  save('smollm2_logits.json', {
    engine: ENGINE,
    text,
    tokens,
    ids,
    apartFromExact: distances(exact, { shipped, ...others }),
    apartFromShipped: distances(shipped, others),
    exact: describe(exact),
    shipped: describe(shipped),
  });
}

/**
 * Where two lists of tokens part (one may simply end), or -1.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 */
function partAt(a, b) {
  const n = Math.max(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return i;
  return -1;
}

/** Greedy continuations of the twenty prompts. */
function greedy() {
  /** @type {{ name: string, text: string, special?: boolean }[]} */
  const prompts = JSON.parse(fs.readFileSync(path.join(fixtures, 'prompts.json'), 'utf8'));
  const asTokens = prompts.map(({ text, special }) => ({ op: 'tokenize', text, parseSpecial: special }));
  const tokenized = ask(options.model, [], asTokens);
  const requests = tokenized.map(({ tokens }) => ({ op: 'greedy', tokens, n: 64 }));
  /** @type {Record<string, Greedy[]>} */
  const runs = Object.fromEntries(realRuns().map(([name, model, flags]) => [name, ask(model, flags, requests)]));
  const of = (/** @type {string} */ name, /** @type {number} */ i) => /** @type {Greedy} */ (runs[name]?.[i]);
  const names = Object.keys(runs);
  const identical = (/** @type {string} */ a, /** @type {string} */ b) =>
    prompts.filter((_, i) => partAt(of(a, i).tokens, of(b, i).tokens) < 0).length;
  const describe = (/** @type {Greedy} */ { tokens, gaps, text, stop }) => ({
    tokens,
    gaps: gaps.map((gap) => short(gap, 3)),
    text,
    stop,
  });
  // where other runs of llama.cpp leave `from`, and how near the choice was there
  const partings = (/** @type {string} */ from, /** @type {number} */ i) =>
    Object.fromEntries(
      names
        .map((name) => ({ name, at: partAt(of(from, i).tokens, of(name, i).tokens) }))
        .filter(({ at }) => at >= 0)
        .map(({ name, at }) => [name, { at, gap: short(of(from, i).gaps[at] ?? NaN, 3) }]),
    );
  const cases = prompts.map(({ name }, i) => ({
    name,
    prompt: tokenized[i].tokens,
    shipped: { ...describe(of('shipped', i)), partings: partings('shipped', i) },
    exact: { ...describe(of('exact', i)), partings: partings('exact', i) },
  }));
  const table = names.map((a) => [a, Object.fromEntries(names.map((b) => [b, identical(a, b)]))]);
  save('smollm2_greedy.json', { engine: ENGINE, nTokens: 64, identical: Object.fromEntries(table), cases });
}

/**
 * -ln of the probability of `token`, in doubles.
 * @param {Row} row
 * @param {number} token
 */
function surprise(row, token) {
  let max = -Infinity;
  for (const x of row) max = Math.max(max, x);
  let sum = 0;
  for (const x of row) sum += Math.exp(x - max);
  return Math.log(sum) + max - at(row, token);
}

/**
 * llama.cpp's perplexity tool: the whole text tokenized at once, cut into windows of 512, BOS put over each first token
 * where the model wants one, and in each window tokens 257 to 511 scored, each from the logits of the token before it.
 */
function perplexity() {
  const nCtx = 512;
  const nWindows = 20;
  const text = fs.readFileSync(options.wiki ?? '', 'utf8');
  const [info, { tokens }] = ask(options.model, [], [{ op: 'info' }, { op: 'tokenize', text }]);
  const half = nCtx / 2;
  /** @type {Record<string, object>} */
  const runs = {};
  for (const [name, model, flags] of realRuns().filter(([name]) => name !== 'exactSse42')) {
    const surprises = [];
    const windows = [];
    for (let w = 0; w < nWindows; w++) {
      const window = tokens.slice(w * nCtx, (w + 1) * nCtx);
      if (info.addBos) window[0] = info.bos;
      const rows = logits(model, flags, window, half).slice(0, -1);
      const scored = rows.map((row, i) => surprise(row, window[half + i + 1]));
      surprises.push(...scored);
      windows.push(short(scored.reduce((a, b) => a + b) / scored.length));
    }
    const n = surprises.length;
    const mean = surprises.reduce((a, b) => a + b) / n;
    const variance = surprises.reduce((a, b) => a + b * b, 0) / n - mean * mean;
    const ppl = Math.exp(mean);
    runs[name] = { ppl: short(ppl), standardError: short(ppl * Math.sqrt(variance / (n - 1)), 5), windows };
    console.log(name, ppl);
  }
  const first = tokens.slice(0, 16);
  save('smollm2_perplexity.json', {
    engine: ENGINE,
    nCtx,
    nWindows,
    scored: half - 1,
    nTokens: tokens.length,
    first,
    runs,
  });
}

/** @type {Readonly<Record<string, () => void | Promise<void>>>} */
const tasks = {
  tiny,
  families: () => families('familyConfigs', 'families.json'),
  mixtures: () => families('mixtureConfigs', 'mixtures.json'),
  encoders: () => encoders('tinyEncoders', 'encoders.json'),
  rankers: () => encoders('tinyRankers', 'rankers.json'),
  adapters,
  logits: realLogits,
  greedy,
  perplexity,
};
for (const name of options.only.split(',')) {
  if (!tasks[name]) throw new TypeError(`--only ${name}: there are ${Object.keys(tasks).join(', ')}`);
  if (!['tiny', 'families', 'mixtures', 'encoders', 'rankers', 'adapters'].includes(name) && !options.model)
    throw new TypeError(`${name} needs --model, the SmolLM2-135M-Instruct Q4_1 file`);
  if (name === 'perplexity' && !options.wiki)
    throw new TypeError('perplexity needs --wiki, the file wiki.test.raw of WikiText-2');
  await tasks[name]();
}
