/**
 * Embeddings of a batch of sentences: thimble beside onnxruntime-web (WASM), both in Node, the same model, tokens and threads. Every round goes once
 * through all of them, each in a process of its own. scripts/embedding_goldens.py --llama … --onnx makes the files of the model.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { EmbedJob, Embedded } from './lib/embed_once.ts';
import { measureInChild } from './lib/child.ts';
import { describeMachine } from './lib/machine.ts';
import { count, counts, readOptions } from './lib/options.ts';
import { digits, median, percent, spread } from './measure/stats.ts';
import { table } from './lib/table.ts';
import { defaultPeersDir, installPeers } from './peers/install.ts';

const { options } = readOptions('usage: node bench/run.mjs embed [options]', {
  models: { value: 'DIR', help: 'where the files are; default: THIMBLE_MODELS, or models in the cache folder' },
  name: { value: 'NAME', default: 'all-minilm-l6-v2', help: 'of NAME.onnx and NAME-TYPE.gguf' },
  types: { value: 'LIST', default: 'f32,f16,q8_0', help: 'weights of thimble; onnxruntime-web has f32' },
  threads: { value: 'LIST', default: '1,2', help: 'numbers of threads' },
  sentences: { value: 'N', default: '32', help: 'in a batch' },
  even: { value: 'N', help: 'take texts of N tokens each, so that nothing is padded' },
  text: { value: 'FILE', default: 'models/LICENSE', help: 'where the sentences are from' },
  rounds: { value: 'N', default: '3', help: 'runs of each' },
  node: { value: 'PATH', help: 'the Node that runs both; default: this one' },
  peers: {
    value: 'DIR',
    help: 'where onnxruntime-web is, or gets installed; default: THIMBLE_PEERS, or the cache folder',
  },
});

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'thimble', 'models');
const folder = options.models ?? process.env['THIMBLE_MODELS'] ?? cache;
const peers = options.peers ?? defaultPeersDir();
installPeers(peers, ['onnxruntime-web']);

const fileOf = (type: string): string =>
  join(folder, type === 'onnx' ? `${options.name}.onnx` : `${options.name}-${type}.gguf`);
const kinds = ['onnx', ...options.types.split(',')];
const missing = kinds.map(fileOf).find((path) => !existsSync(path));
if (missing) throw new Error(`${missing} is not there; scripts/embedding_goldens.py makes it`);

/** Sentences of a text, some short and some long, as texts of a search are. */
const text = readFileSync(options.text, 'utf8').replaceAll(/\s+/g, ' ');
const n = count('sentences', options.sentences);
const sentences = text
  .split(/(?<=[.;:]) /)
  .filter(({ length }) => length > 20)
  .slice(0, n);
const even = options.even && count('even', options.even);

const rounds = count('rounds', options.rounds);
const runs: { readonly kind: string; readonly threads: number; readonly result: Embedded }[] = [];
for (let round = 0; round < rounds; round++) {
  for (const threads of counts('threads', options.threads)) {
    for (const kind of kinds) {
      const job: EmbedJob = {
        kind,
        path: fileOf(kind),
        tokenizer: fileOf(kinds[1]!),
        peers,
        threads,
        sentences,
        ...(even && { even }),
      };
      const start = { timeoutMs: 60_000, ...(options.node && { node: options.node }) };
      runs.push({ kind, threads, result: await measureInChild<Embedded>('embed_once', job, start) });
    }
  }
}

const { cpu, nCores, extensions } = describeMachine();
const { nTokens, longest } = runs[0]!.result;
console.log(
  `${cpu} (${extensions}), ${nCores} cores; ${sentences.length} sentences of ${nTokens} tokens, at most ${longest}; ${rounds} round(s)\n`,
);
const rows = counts('threads', options.threads).flatMap((threads) => {
  const of = (kind: string) =>
    runs.filter((run) => run.kind === kind && run.threads === threads).map(({ result }) => result);
  const msOf = (kind: string): number => median(of(kind).map(({ ms }) => ms));
  return kinds.map((kind) => [
    kind === 'onnx' ? 'onnxruntime-web f32' : `thimble ${kind}`,
    of(kind)[0]!.engine,
    String(threads),
    digits(msOf(kind)),
    percent(spread(of(kind).map(({ ms }) => ms))),
    digits(msOf('onnx') / msOf(kind)),
    cosine(of(kind)[0]!.row, of('onnx')[0]!.row).toFixed(6),
  ]);
});
console.log(table(['engine, weights', 'version', 'threads', 'ms a batch', '±', 'times as fast', 'cosine'], rows, 2));

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
