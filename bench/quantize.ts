/**
 * What mixes make of a model: how long it takes, how large the result is, and how well it predicts a text. With --libraries, llama.cpp
 * makes the same mixes of the same file, and every tensor's bytes are compared: where all are equal, so are sizes and perplexities.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openGguf } from '../src/gguf/open.ts';
import type { GgufFile } from '../src/gguf/read.ts';
import { openNodeFile } from '../src/bytes/node_file.ts';
import { mixes, mixNamed } from '../src/compress/mixes.ts';
import { count, readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';

const usage = 'usage: node bench/run.mjs quantize MODEL-f32.gguf TEXT [options]';
const { options, positionals } = readOptions(usage, {
  mixes: { value: 'LIST', default: 'Q4_K_M Q5_K_M Q6_K Q4_0 IQ4_XS Q3_K_M Q2_K', help: 'spaces between them' },
  imatrix: { value: 'FILE', default: '', help: 'an importance matrix: each mix is made with it, too' },
  threads: { value: 'LIST', default: '1,2', help: 'each mix is timed with each; the last one is measured' },
  chunks: { value: 'N', default: '20', help: 'windows of 512 tokens that perplexity is measured on' },
  libraries: {
    value: 'DIR',
    default: '',
    help: "llama.cpp's, as in @node-llama-cpp/linux-x64: compares bytes; needs python3",
  },
});
const [model, text] = positionals;
if (model === undefined || text === undefined) throw new Error(usage);

const cli = fileURLToPath(new URL('../../dist/node/cli.js', import.meta.url)); // as seen from bench/dist
const bridge = fileURLToPath(new URL('../../scripts/llama_cpp.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'thimble-quantize-'));
const out = join(folder, 'model.gguf');
const nChunks = String(count('chunks', options.chunks));
const thimble = (...args: string[]): string => execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8' });

function seconds(work: () => void): string {
  const startMs = performance.now();
  work();
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

const perplexityOf = (file: string): number =>
  (JSON.parse(thimble('perplexity', file, text, '--chunks', nChunks, '--json')) as { ppl: number }).ppl;

const opened = async (path: string): Promise<GgufFile> =>
  openGguf(await openNodeFile(path), { openSibling: () => Promise.reject(new Error('one file')) });

/** Tensors of two files with other bytes, of all. */
async function differing(ours: string, theirs: string): Promise<string> {
  const [a, b] = [await opened(ours), await opened(theirs)];
  let nDiffering = 0;
  for (const tensor of a.tensors.values()) {
    const other = b.tensors.get(tensor.name)!;
    const [one, two] = [Buffer.alloc(tensor.sizeBytes), Buffer.alloc(other.sizeBytes)];
    await a.sources[0]!.read(tensor.offsetBytes, one);
    await b.sources[0]!.read(other.offsetBytes, two);
    if (tensor.quant !== other.quant || !one.equals(two)) nDiffering++;
  }
  await Promise.all([a, b].map(({ sources }) => sources[0]!.close?.()));
  return nDiffering === 0 ? 'equal' : `${nDiffering} of ${a.tensors.size} differ`;
}

/** How long llama.cpp takes with one thread, and whether its bytes are the same. */
async function besideLlama(mix: string): Promise<string[]> {
  const theirs = join(folder, 'theirs.gguf');
  const request = { op: 'requantize', source: model, file: theirs, fileType: mixes[mix]!.fileType };
  const input = `${JSON.stringify({ op: 'info' })}\n`;
  const ask = (requests: string) =>
    execFileSync('python3', [bridge, options.libraries, model!], {
      input: requests,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  const before = performance.now();
  ask(input); // what opening the model takes
  const openingMs = performance.now() - before;
  const begin = performance.now();
  ask(`${JSON.stringify(request)}\n`);
  const ms = performance.now() - begin - openingMs;
  return [`${(ms / 1000).toFixed(1)} s`, await differing(out, theirs)];
}

const threads = options.threads.split(',');
const ways = options.imatrix === '' ? [[]] : [[], ['--imatrix', options.imatrix]];
const compared = options.libraries !== '';
const head = [
  'mix',
  'imatrix',
  'bytes',
  ...threads.map((n) => `${n} thr`),
  'perplexity',
  ...(compared ? ['llama.cpp, 1 thr', 'tensors'] : []),
];
const rows: string[][] = [];
const add = (cells: string[]): void => {
  rows.push(head.map((_, i) => cells[i] ?? ''));
  process.stderr.write(`${cells.join('  ')}\n`);
};
const exact = perplexityOf(model);
add(['as it is', '', String(statSync(model).size), ...threads.map(() => ''), exact.toFixed(4)]);
for (const name of options.mixes.split(' ')) {
  const mix = mixNamed(name);
  if (mix === undefined) throw new Error(`there is no mix ${name}`);
  for (const way of ways) {
    const times = threads.map((n) =>
      seconds(() => void thimble('quantize', model, out, mix, '--threads', n, '--force', ...way)),
    );
    const ppl = perplexityOf(out);
    const measured = `${ppl.toFixed(4)} (${((100 * ppl) / exact - 100).toFixed(2)} %)`;
    const others = way.length === 0 && compared ? await besideLlama(mix) : [];
    add([mix, way.length > 0 ? 'yes' : '', String(statSync(out).size), ...times, measured, ...others]);
  }
}
rmSync(folder, { recursive: true });
console.log(table(head, rows));
