/**
 * Prints the picture in ARCHITECTURE.md, "The words for parts of a matrix": 32 weights of one row of the embedded model, from the file through the
 * packed block to the product. The kernels themselves do the packing and the quantising, in the relaxed build's layout; where a byte is not where the
 * picture says, the script fails. Needs dist/ (npm run build) and an engine with relaxed SIMD (Node 22 or newer).
 *
 *   node scripts/one_block.mjs
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The row, its place in a quad, and the group of columns that is looked at. */
const ROW = 5;
const GROUP = 1;
const COLS = 32;
const ITEM_ROWS = 16;
const TENSOR = 'blk.0.attn_q.weight';
const WORD = 'Once';

/** One page for each thing in memory. */
const at = { scratch: 0, file: 65536, packed: 2 * 65536, x: 3 * 65536, activations: 4 * 65536, node: 5 * 65536 };

export async function picture() {
  const { openModelFile, quantByName } = await import(`${root}dist/node/gguf.js`);
  const file = await openModelFile(`${root}models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf`);
  const rowsOf = async (/** @type {string} */ name, /** @type {number} */ first, /** @type {number} */ n) => {
    const { quant, shape, offsetBytes, shardIndex } = file.tensors.get(name);
    const rowBytes = (shape.at(-1) / quant.blockSize) * quant.blockBytes;
    const bytes = new Uint8Array(n * rowBytes);
    await file.sources[shardIndex].read(offsetBytes + first * rowBytes, bytes);
    const floats = new Float32Array(n * shape.at(-1));
    quant.dequantize(bytes, floats);
    return { bytes, floats, rowBytes };
  };
  const weights = await rowsOf(TENSOR, 0, ITEM_ROWS);
  const token = file.metadata.strings('tokenizer.ggml.tokens').indexOf(WORD);
  const { floats: embedding } = await rowsOf('token_embd.weight', token, 1);
  const { floats: gain } = await rowsOf('blk.0.attn_norm.weight', 0, 1);
  await Promise.all(file.sources.map((/** @type {{ close?: () => Promise<void> }} */ source) => source.close?.()));
  const rms = Math.sqrt(
    embedding.reduce((/** @type {number} */ sum, /** @type {number} */ v) => sum + v * v, 0) / embedding.length + 1e-5,
  );
  const x = embedding.map((/** @type {number} */ v, /** @type {number} */ k) => (v / rms) * gain[k]).slice(0, COLS);

  const blockBytes = quantByName.get('q4_1').blockBytes;
  const block = (/** @type {number} */ row) =>
    weights.bytes.subarray(row * weights.rowBytes, row * weights.rowBytes + blockBytes);
  const { packed, activations } = runKernels(
    Array.from({ length: ITEM_ROWS }, (_, row) => block(row)),
    x,
  );
  return draw(
    block(ROW),
    weights.floats.subarray(ROW * (weights.floats.length / ITEM_ROWS)).slice(0, COLS),
    x,
    packed,
    activations,
  );
}

/** The first block of 16 rows, packed, and the quantised activations. */
function runKernels(/** @type {Uint8Array[]} */ blocks, /** @type {Float32Array} */ x) {
  const memory = new WebAssembly.Memory({ initial: 6, maximum: 65536, shared: true });
  const module = new WebAssembly.Module(readFileSync(`${root}dist/thimble.relaxed.wasm`));
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, program: { sleep() {} } });
  const kernels = /** @type {Record<string, (...args: number[]) => number>} */ (exports);
  const bytes = new Uint8Array(memory.buffer);
  const words = new Int32Array(memory.buffer);
  kernels.set_scratch(at.scratch + 1024);
  blocks.forEach((block, row) => bytes.set(block, at.file + row * block.length));
  kernels.pack_q4_1(at.file, at.packed, 0, ITEM_ROWS, ITEM_ROWS, COLS);
  new Float32Array(memory.buffer).set(x, at.x / 4);
  const HEADER_WORDS = 9; // src/backends/wasm/lower.ts
  words.set([at.activations, at.x, COLS], at.node / 4 + HEADER_WORDS);
  kernels.quantize_activations_32(at.node, 0, 1);
  return {
    packed: bytes.slice(at.packed, at.packed + kernels.packed_bytes_q4_1(ITEM_ROWS, COLS)),
    activations: bytes.slice(at.activations, at.activations + kernels.activations_bytes(1, COLS, COLS)),
  };
}

const hex = (/** @type {Iterable<number>} */ bytes) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

function half(/** @type {Uint8Array} */ bytes, /** @type {number} */ offset) {
  const bits = bytes[offset] + 256 * bytes[offset + 1];
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function same(/** @type {number[]} */ came, /** @type {number[]} */ wanted, /** @type {string} */ what) {
  if (came.join() !== wanted.join())
    throw new Error(`${what}: ${came}, expected ${wanted}; the layout is no longer the one drawn`);
}

function draw(
  /** @type {Uint8Array} */ file,
  /** @type {Float32Array} */ weights,
  /** @type {Float32Array} */ x,
  /** @type {Uint8Array} */ packed,
  /** @type {Uint8Array} */ activations,
) {
  const levels = [...file.subarray(4)].map((pair) => pair & 15).concat([...file.subarray(4)].map((pair) => pair >> 4));
  const scale = half(file, 0);
  const min = half(file, 2);

  // the packed block: 4 quads of 64 bytes, then the tail
  const quad = ROW >> 2;
  const lane = ROW & 3;
  const vector = (/** @type {number} */ g) =>
    packed.subarray(64 * quad + 16 * (g >> 1), 64 * quad + 16 * (g >> 1) + 16);
  const unpacked = (/** @type {number} */ g) => [...vector(g)].map((byte) => (byte >> (4 * (g & 1))) & 15);
  for (let g = 0; g < COLS / 4; g++)
    same(unpacked(g).slice(4 * lane, 4 * lane + 4), levels.slice(4 * g, 4 * g + 4), `group ${g}`);
  const tail = 256;
  same([half(packed, tail + 2 * ROW), half(packed, tail + 32 + 2 * ROW)], [scale, min], 'tail');

  // the activations: 8 groups of two words, then scale | scale * sum | -sum
  const view = new DataView(activations.buffer);
  const xScale = view.getFloat32(64, true);
  const digit = (/** @type {number} */ k, /** @type {number} */ word) =>
    view.getInt8(8 * (k >> 2) + 4 * word + (k & 3));
  const xLevels = levels.map((_, k) => 128 * digit(k, 0) + digit(k, 1));
  same(
    xLevels,
    [...x].map((v) => nearest(Math.fround(v * Math.fround(16256 / (xScale * 16256))))),
    'activations',
  );
  const first = levels.reduce((sum, level, k) => sum + level * digit(k, 0), 0);
  const second = levels.reduce((sum, level, k) => sum + level * digit(k, 1), 0);
  const xSum = xLevels.reduce((sum, level) => sum + level, 0);
  const product = 128 * first + second;
  const result = product * (scale * xScale) + min * (xScale * xSum);
  const exact = weights.reduce((sum, w, k) => sum + w * x[k], 0);

  const columns = `${4 * GROUP} … ${4 * GROUP + 3}`;
  const cells = (/** @type {ArrayLike<number>} */ bytes) =>
    [0, 1, 2, 3]
      .map((i) => hex(Array.from(bytes).slice(4 * i, 4 * i + 4)))
      .map((cell, i) => (i === lane ? `[${cell}]` : ` ${cell} `))
      .join(' ');
  const line = (/** @type {number} */ g, note = '') =>
    `    ${String(64 * quad + 8 * g).padStart(4)}  ${cells(vector(g))}   groups ${g}, ${g + 1}${note}`;
  return [
    `${TENSOR}, row ${ROW}, columns 0 … 31; the input is the token "${WORD}", embedded and normalised`,
    '',
    `in the file: one block of the row, 20 bytes`,
    `    scale ${hex(file.subarray(0, 2))} = ${short(scale)}   min ${hex(file.subarray(2, 4))} = ${short(min)}`,
    `    levels ${hex(file.subarray(4))}`,
    `    byte j holds level j in its low four bits and level j + 16 in its high ones; levels ${columns} are ${levels.slice(4 * GROUP, 4 * GROUP + 4).join(' ')}`,
    `    weight = scale * level + min: columns ${columns} are ${[...weights.slice(4 * GROUP, 4 * GROUP + 4)].map(short).join('  ')}`,
    '',
    `in memory: the block of rows 0 … 15, 320 bytes (Q4_1: a unit is one block, and has no head)`,
    `    | quad 0: rows 0 … 3 | quad 1: rows 4 … 7 | quad 2 | quad 3 | tail |     64 bytes each`,
    `    quad ${quad}${' '.repeat(3)} row 4         row 5         row 6         row 7`,
    ...[0, 2, 4, 6].map((g) => line(g, g === 0 ? ': low four bits, high four bits' : '')),
    `    tail    byte ${tail + 2 * ROW} on: scale ${hex(packed.subarray(tail + 2 * ROW, tail + 2 * ROW + 2))} of row ${ROW}; byte ${tail + 32 + 2 * ROW} on: its min ${hex(packed.subarray(tail + 32 + 2 * ROW, tail + 34 + 2 * ROW))}`,
    '',
    `unpacked: group ${GROUP} of quad ${quad}, columns ${columns}; a vector, and an operand of the panel`,
    `          ${cells(unpacked(GROUP))}`,
    '',
    `activations: 32 levels of 15 bits with one scale, ${short(xScale)}`,
    `    group ${GROUP}: levels ${xLevels.slice(4 * GROUP, 4 * GROUP + 4).join(' ')}`,
    `    first word, high digits: ${[0, 1, 2, 3].map((k) => digit(4 * GROUP + k, 0)).join(' ')}     second word, low digits: ${[0, 1, 2, 3].map((k) => digit(4 * GROUP + k, 1)).join(' ')}     level = 128 * high + low`,
    '',
    `product: lane ${lane}, row ${ROW}`,
    `    Σ level * high = ${first}     Σ level * low = ${second}     128 * ${first} + ${second} = ${product}`,
    `    ${product} * (scale * activation scale) + min * (activation scale * Σ activations, ${xSum}) = ${result.toPrecision(6)}`,
    `    the same in exact arithmetic: ${exact.toPrecision(6)}`,
  ].join('\n');
}

const short = (/** @type {number} */ v) => v.toPrecision(4);

/** To the nearest whole number, ties to even. */
function nearest(/** @type {number} */ v) {
  const rounded = Math.round(v);
  return rounded - v === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await picture());
