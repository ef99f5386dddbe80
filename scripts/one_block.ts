/**
 * Prints the picture in ARCHITECTURE.md, "The words for parts of a matrix": 32 weights of one row of the embedded model, from the file through the
 * packed block to the product. The kernels themselves pack and quantise, in the relaxed build's layout; where a byte is not where the picture says, the
 * script fails. Needs dist/ (npm run build) and Node 22.18 or newer.
 *
 *   node scripts/one_block.ts
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { instantiate } from '../src/backends/wasm/kernels.ts';
import { header } from '../src/backends/wasm/words.ts';
import { readHalf } from '../src/base/half.ts';
import { openModelFile } from '../src/platform/model_file.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What is followed: one row of a matrix, and of its first block one group of columns. */
const TENSOR = 'blk.0.attn_q.weight';
const ROW = 5;
const GROUP = 1;
/** The text that the row is multiplied with. */
const TOKEN = 'Once';

const COLS = 32;
const ITEM_ROWS = 16;
const BLOCK_BYTES = 20;

/** A page of memory for each. */
const at = { file: 0x10000, packed: 0x20000, x: 0x30000, activations: 0x40000, node: 0x50000 };

export async function picture(): Promise<string> {
  const file = await openModelFile(`${root}models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf`);
  const rows = async (name: string, first: number, n: number) => {
    const { quant, shape, offsetBytes, shardIndex } = file.tensors.get(name)!;
    const cols = shape.at(-1)!;
    const bytes = new Uint8Array((n * cols * quant.blockBytes) / quant.blockSize);
    await file.sources[shardIndex]!.read(offsetBytes + (first / n) * bytes.length, bytes);
    const floats = new Float32Array(n * cols);
    quant.dequantize!(bytes, floats);
    return { bytes, floats };
  };
  const weights = await rows(TENSOR, 0, ITEM_ROWS);
  const { floats: gain } = await rows('blk.0.attn_norm.weight', 0, 1);
  const token = file.metadata.strings('tokenizer.ggml.tokens').indexOf(TOKEN);
  const { floats: embedding } = await rows('token_embd.weight', token, 1);
  const rms = Math.sqrt(embedding.reduce((sum, v) => sum + v * v, 0) / embedding.length + 1e-5);
  const x = embedding.map((v, k) => (v / rms) * gain[k]!).subarray(0, COLS);
  await Promise.all(file.sources.map((source) => source.close?.()));

  const rowBytes = weights.bytes.length / ITEM_ROWS;
  const blocks = Array.from({ length: ITEM_ROWS }, (_, row) =>
    weights.bytes.subarray(row * rowBytes, row * rowBytes + BLOCK_BYTES),
  );
  const rowAt = (ROW * weights.floats.length) / ITEM_ROWS;
  return draw({ block: blocks[ROW]!, weights: weights.floats.subarray(rowAt, rowAt + COLS), x, ...run(blocks, x) });
}

/** The first block of 16 rows, packed, and the quantised activations. */
function run(blocks: readonly Uint8Array[], x: Float32Array) {
  const memory = new WebAssembly.Memory({ initial: 6, maximum: 65536, shared: true });
  const { exports } = instantiate([new WebAssembly.Module(readFileSync(`${root}dist/thimble.relaxed.wasm`))], memory);
  const bytes = new Uint8Array(memory.buffer);
  const copy = (from: number, length: number) => bytes.slice(from, from + length);
  exports['set_scratch']!(1024);
  blocks.forEach((block, row) => bytes.set(block, at.file + row * BLOCK_BYTES));
  exports['pack_q4_1']!(at.file, at.packed, 0, ITEM_ROWS, ITEM_ROWS, COLS);
  new Float32Array(memory.buffer, at.x).set(x);
  new Int32Array(memory.buffer, at.node).set([at.activations, at.x, COLS], header.length);
  exports['quantize_activations_32']!(at.node, 0, 1);
  return {
    packed: copy(at.packed, exports['packed_bytes_q4_1']!(ITEM_ROWS, COLS)),
    activations: copy(at.activations, exports['activations_bytes']!(1, COLS, COLS)),
  };
}

interface Followed {
  /** The row's block in the file. */
  readonly block: Uint8Array;
  /** The same, decoded. */
  readonly weights: Float32Array;
  readonly x: Float32Array;
  /** The block of 16 rows. */
  readonly packed: Uint8Array;
  readonly activations: Uint8Array;
}

function draw({ block, weights, x, packed, activations }: Followed): string {
  const quad = ROW >> 2;
  const lane = ROW & 3;
  const [scale, min] = [readHalf(block, 0), readHalf(block, 2)];
  const pairs = [...block.subarray(4)];
  const levels = [...pairs.map((pair) => pair & 15), ...pairs.map((pair) => pair >> 4)];
  const ofGroup = <T>(all: ArrayLike<T>, g = GROUP): T[] => Array.from(all).slice(4 * g, 4 * g + 4);

  // the packed block: four quads of 64 bytes, each four vectors with two groups, then the tail
  const tail = 256;
  const vectorAt = (g: number): number => 64 * quad + 16 * (g >> 1);
  const vector = (g: number): number[] => [...packed.subarray(vectorAt(g), vectorAt(g) + 16)];
  const group = (g: number): number[] => vector(g).map((byte) => (byte >> (4 * (g & 1))) & 15);
  for (let g = 0; g < 8; g++) same(`group ${g}`, ofGroup(group(g), lane), ofGroup(levels, g));
  same('scale and min', [readHalf(packed, tail + 2 * ROW), readHalf(packed, tail + 32 + 2 * ROW)], [scale, min]);

  // the activations: high digits, low digits, the scale
  const view = new DataView(activations.buffer);
  const xScale = view.getFloat32(64, true);
  const digits = (word: number): number[] => levels.map((_, k) => view.getInt8(32 * word + k));
  const [high, low] = [digits(0), digits(1)];
  const xLevels = high.map((digit, k) => 128 * digit + low[k]!);
  const inverse = Math.fround(16256 / Math.max(...x.map(Math.abs)));
  const rounded = [...x].map((v) => toNearest(Math.fround(v * inverse)));
  same('activations', xLevels, rounded);

  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((sum, v, k) => sum + v * b[k]!, 0);
  const [first, second] = [dot(levels, high), dot(levels, low)];
  const product = 128 * first + second;
  const xSum = xLevels.reduce((sum, level) => sum + level, 0);
  const result = product * (scale * xScale) + min * (xScale * xSum);

  /** 16 bytes, four of each row; brackets mark the row. */
  const marked = (bytes: ArrayLike<number>): string =>
    [0, 1, 2, 3]
      .map((row) => (row === lane ? `[${hex(ofGroup(bytes, row))}]` : ` ${hex(ofGroup(bytes, row))} `))
      .join(' ');
  const columns = `${4 * GROUP} … ${4 * GROUP + 3}`;
  return [
    `${TENSOR}, row ${ROW}, columns 0 … 31; the input is the token "${TOKEN}", embedded and normalised`,
    '',
    'in the file: one block of the row, 20 bytes',
    `    scale ${hex(block.subarray(0, 2))} = ${digits4(scale)}     min ${hex(block.subarray(2, 4))} = ${digits4(min)}`,
    `    levels ${hex(pairs)}`,
    '    byte j holds level j in its low four bits and level j + 16 in its high ones',
    `    columns ${columns}: levels ${ofGroup(levels).join(' ')}`,
    `    weight = scale * level + min: ${ofGroup(weights).map(digits4).join('  ')}`,
    '',
    `in memory: the block of rows 0 … 15, ${packed.length} bytes (Q4_1: a unit is one block, and has no head)`,
    '    | quad 0: rows 0 … 3 | quad 1: rows 4 … 7 | quad 2 | quad 3 | tail |     64 bytes each',
    `    quad ${quad}    row 4         row 5         row 6         row 7`,
    ...[0, 2, 4, 6].map((g) => {
      const note = g === 0 ? ': low four bits, high four bits' : '';
      return `    ${String(vectorAt(g)).padStart(4)}   ${marked(vector(g))}   groups ${g}, ${g + 1}${note}`;
    }),
    `    tail, 16 scales and 16 mins: ${hex(packed.subarray(tail + 2 * ROW, tail + 2 * ROW + 2))} of row ${ROW} at ${tail + 2 * ROW}, ` +
      `${hex(packed.subarray(tail + 32 + 2 * ROW, tail + 34 + 2 * ROW))} at ${tail + 32 + 2 * ROW}`,
    '',
    `unpacked: group ${GROUP} of quad ${quad}, columns ${columns}; the panel holds the same vector`,
    `           ${marked(group(GROUP))}`,
    '',
    `activations: 32 levels of 15 bits with one scale, ${digits4(xScale)}`,
    `    columns ${columns}: levels ${ofGroup(xLevels).join(' ')}`,
    `    first word, high digits: ${ofGroup(high).join(' ')}     second word, low digits: ${ofGroup(low).join(' ')}     level = 128 * high + low`,
    '',
    `product: lane ${lane} of quad ${quad}'s sums`,
    `    Σ level * high = ${first}     Σ level * low = ${second}     128 * ${first} + ${second} = ${product}`,
    `    ${product} * (scale * activation scale) + min * (activation scale * Σ activations, ${xSum}) = ${result.toPrecision(6)}`,
    `    the same in exact arithmetic: ${dot(weights, x).toPrecision(6)}`,
  ]
    .map((line) => line.trimEnd())
    .join('\n');
}

const hex = (bytes: Iterable<number>): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

const digits4 = (x: number): string => x.toPrecision(4);

/** The nearest whole number, of two alike the even one. */
function toNearest(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

function same(what: string, came: readonly number[], wanted: readonly number[]): void {
  if (came.join() === wanted.join()) return;
  throw new Error(`${what}: ${came.join(' ')}, expected ${wanted.join(' ')}; the layout is no longer the one drawn`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await picture());
