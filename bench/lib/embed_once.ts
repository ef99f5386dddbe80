/** Embeds a batch again and again in a process of its own: `node embed_once.js '{…}'` prints one line of JSON. */
import { readFileSync } from 'node:fs';
import type { openModel as OpenModel } from '../../src/api/open_model.ts';
import type { openTokenizer as OpenTokenizer } from '../../src/api/open_tokenizer.ts';
import { importPeer, peerVersion } from '../peers/install.ts';
import { median } from '../measure/stats.ts';

export interface EmbedJob {
  /** `onnx`, or the weights' type. */
  readonly kind: string;
  readonly path: string;
  /** A GGUF file whose tokenizer makes the tokens. */
  readonly tokenizer: string;
  readonly peers: string;
  readonly threads: number;
  readonly sentences: readonly string[];
  /** Tokens of each text, taken from the sentences in a row; absent: a text is a sentence. */
  readonly even?: number;
}

export interface Embedded {
  /** Of a batch, the middle one of many. */
  readonly ms: number;
  readonly engine: string;
  readonly nTokens: number;
  readonly longest: number;
  /** Of the last sentence. */
  readonly row: readonly number[];
}

type Embed = (texts: readonly number[][]) => Promise<Float32Array[]>;

const measureMs = 3000;
const job = JSON.parse(process.argv[2]!) as EmbedJob;
const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
const { openModel, openTokenizer } = (await import(library.href)) as {
  openModel: typeof OpenModel;
  openTokenizer: typeof OpenTokenizer;
};

async function openThimble({ path, threads }: EmbedJob): Promise<{ embed: Embed; engine: string }> {
  const model = await openModel(path, { threads });
  return { embed: (texts) => model.embed(texts), engine: `${model.info.backend}, Node ${process.version}` };
}

/** The parts of onnxruntime-web that are used. */
interface Ort {
  readonly env: { readonly wasm: { numThreads: number } };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => object;
}

interface OrtSession {
  run(
    feeds: Record<string, object>,
  ): Promise<{ readonly rows: { readonly data: Float32Array; readonly dims: readonly number[] } }>;
}

/** Texts of a batch are as long as the longest of them; the mean leaves the padding out. */
async function openOrt({ path, threads, peers }: EmbedJob): Promise<{ embed: Embed; engine: string }> {
  const ort = await importPeer<Ort>(peers, 'onnxruntime-web/dist/ort.node.min.mjs');
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(readFileSync(path), { executionProviders: ['wasm'] });
  const embed: Embed = async (texts) => {
    const length = Math.max(...texts.map((text) => text.length));
    const ids = new BigInt64Array(texts.length * length);
    const mask = new BigInt64Array(texts.length * length);
    texts.forEach((text, i) => {
      ids.set(text.map(BigInt), i * length);
      mask.fill(1n, i * length, i * length + text.length);
    });
    const tensor = (data: BigInt64Array) => new ort.Tensor('int64', data, [texts.length, length]);
    const { rows } = await session.run({ input_ids: tensor(ids), attention_mask: tensor(mask) });
    const dim = rows.dims[2]!;
    return texts.map((text, i) => meanOf(rows.data.subarray(i * length * dim), text.length, dim));
  };
  return { embed, engine: `onnxruntime-web ${peerVersion(peers, 'onnxruntime-web')}, Node ${process.version}` };
}

function meanOf(rows: Float32Array, nRows: number, dim: number): Float32Array {
  const sums = new Float32Array(dim);
  for (let row = 0; row < nRows; row++) for (let i = 0; i < dim; i++) sums[i]! += rows[row * dim + i]!;
  const length = Math.hypot(...sums);
  return sums.map((x) => x / length);
}

const tokenizer = await openTokenizer(job.tokenizer);
const { even, sentences } = job;
const all = tokenizer.encode(sentences.join(' '));
const texts = sentences.map((text, i) =>
  even === undefined ? tokenizer.encode(text, { bos: true, eos: true }) : all.slice(i * even, (i + 1) * even),
);
const { embed, engine } = await (job.kind === 'onnx' ? openOrt(job) : openThimble(job));
for (let i = 0; i < 3; i++) await embed(texts);
const times: number[] = [];
let rows: Float32Array[] = [];
for (const endMs = performance.now() + measureMs; performance.now() < endMs;) {
  const startMs = performance.now();
  rows = await embed(texts);
  times.push(performance.now() - startMs);
}
const lengths = texts.map(({ length }) => length);
const nTokens = lengths.reduce((sum, n) => sum + n, 0);
const result: Embedded = { ms: median(times), engine, nTokens, longest: Math.max(...lengths), row: [...rows.at(-1)!] };
console.log(JSON.stringify(result));
process.exit(0);
