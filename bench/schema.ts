/**
 * Answers under JSON Schemas, judged as MaskBench does: an engine passes a schema when it takes it, lets each valid instance through token
 * by token, and stops each invalid one. Beside llama.cpp's grammars, natively, on the same tokens.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { openTokenizer } from '../src/api/open_tokenizer.ts';
import { CompiledGrammar, Matcher } from '../src/grammar/matcher.ts';
import { grammarOfSchema } from '../src/grammar/schema/schema.ts';
import { Vocabulary } from '../src/grammar/vocabulary.ts';
import { describeMachine } from './lib/machine.ts';
import { count, readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';
import { digits } from './measure/stats.ts';
import { defaultPeersDir, installPeers } from './peers/install.ts';
import { buildPeer, LlamaGrammar, llamaCppTree } from './peers/llama_grammar.ts';

const { options } = readOptions('usage: node bench/run.mjs schema [options]', {
  sample: { value: 'FILE', default: '../shared/data/schemas/maskbench-sample.jsonl.gz', help: 'schemas and instances' },
  vocab: { value: 'FILE', help: "GGUF with a tokenizer; default: Llama 3's 128k, out of llama.cpp's tree" },
  every: { value: 'N', default: '1', help: 'takes one schema of so many' },
  peers: { value: 'DIR', help: 'where node-llama-cpp is; default: ~/.cache/thimble/peers' },
  'peer-every': { value: 'N', default: '1', help: 'llama.cpp takes one of so many of these' },
  'peer-masks': { value: 'N', default: '1000', help: 'llama.cpp makes a whole mask for one token of so many' },
  alone: { help: 'without llama.cpp' },
  show: { help: 'lists schemas that do not pass, and why' },
});

interface Case {
  readonly name: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly valid: boolean; readonly data: unknown }[];
}

/** What an engine did with a schema. */
interface Result {
  readonly group: string;
  readonly passed: boolean;
  readonly refused: boolean;
  /** Invalid instances that it let through. */
  readonly letThrough: number;
}

class Tally {
  readonly results: Result[] = [];
  readonly maskUs: number[] = [];
  readonly firstMs: number[] = [];

  add({ name, tests }: Case, firstMs: number | undefined, fits: readonly boolean[]): Result {
    const refused = firstMs === undefined;
    if (!refused) this.firstMs.push(firstMs);
    const passed = !refused && tests.every(({ valid }, i) => fits[i] === valid);
    const letThrough = tests.filter(({ valid }, i) => fits[i] && !valid).length;
    const group = name.includes('---') ? name.split('---')[0]! : name.split('_')[0]!;
    this.results.push({ group, passed, refused, letThrough });
    return this.results.at(-1)!;
  }

  passing(group?: string): string {
    const all = this.results.filter((result) => group === undefined || result.group === group);
    const n = all.filter(({ passed }) => passed).length;
    return all.length === 0 ? '' : `${n} of ${all.length}, ${((100 * n) / all.length).toFixed(0)} %`;
  }

  times(name: string): string[] {
    const masks = [0.5, 0.95, 0.99, 0.999].map((part) => quantile(this.maskUs, part));
    const firsts = [0.5, 0.95].map((part) => quantile(this.firstMs, part));
    return [name, this.maskUs.length.toString(), ...masks, ...firsts];
  }
}

function quantile(numbers: readonly number[], part: number): string {
  const sorted = Float64Array.from(numbers).sort();
  return sorted.length === 0 ? '' : digits(sorted[Math.floor((sorted.length - 1) * part)]!);
}

function judge(vocabulary: Vocabulary, { schema }: Case, texts: readonly (readonly number[])[], maskUs: number[]) {
  const beginMs = performance.now();
  const grammar = new CompiledGrammar(grammarOfSchema(schema), vocabulary);
  new Matcher(grammar).mask();
  const firstMs = performance.now() - beginMs;
  const fits = texts.map((tokens) => {
    const matcher = new Matcher(grammar);
    for (const token of tokens) {
      const begin = performance.now();
      const mask = matcher.mask();
      maskUs.push((performance.now() - begin) * 1000);
      if (((mask[token >> 5]! >>> (token & 31)) & 1) === 0) return false;
      matcher.accept(token);
    }
    return matcher.mayEnd;
  });
  return { firstMs, fits };
}

const sample = join(fileURLToPath(new URL('../..', import.meta.url)), options.sample);
if (!existsSync(sample)) throw new RangeError(`${sample} is not there: --sample FILE with schemas and instances`);
const every = count('every', options.every);
const lines = gunzipSync(readFileSync(sample)).toString().trim().split('\n');
const cases = lines.filter((_, i) => i % every === 0).map((line) => JSON.parse(line) as Case);

const dir = options.peers ?? defaultPeersDir();
if (!options.alone || !options.vocab) installPeers(dir, ['node-llama-cpp', '@node-llama-cpp/linux-x64']);
const vocab = options.vocab ?? join(llamaCppTree(dir), 'models/ggml-vocab-llama-bpe.gguf');
const tokenizer = await openTokenizer(vocab);
const vocabularyMs = performance.now();
const vocabulary = new Vocabulary({
  nVocab: tokenizer.nVocab,
  bytes: (token) => tokenizer.bytes(token),
  isControl: (token) => tokenizer.isControl(token),
  isEnd: (token) => tokenizer.isEndOfGeneration(token),
});
const { cpu, nCores } = describeMachine();
console.log(`${cpu}, ${nCores} cores, Node ${process.version}`);
console.log(`${tokenizer.nVocab} tokens made ready in ${(performance.now() - vocabularyMs).toFixed(0)} ms\n`);

const source = fileURLToPath(new URL('../peers/grammar.cpp', import.meta.url));
const program = options.alone ? undefined : buildPeer(dir, source);
if (!program && !options.alone)
  console.log('llama.cpp is left out: no g++, or no package of node-llama-cpp for this platform\n');
const peer = program && new LlamaGrammar(program, vocab, count('peer-masks', options['peer-masks']));
const peerEvery = count('peer-every', options['peer-every']);
const [ours, theirs] = [new Tally(), new Tally()];
for (const [i, one] of cases.entries()) {
  const texts = one.tests.map(({ data }) => tokenizer.encode(JSON.stringify(data)));
  let why = '';
  try {
    const { firstMs, fits } = judge(vocabulary, one, texts, ours.maskUs);
    const { passed } = ours.add(one, firstMs, fits);
    if (!passed)
      why = one.tests.map(({ valid }, i) => (valid === fits[i] ? 'right' : valid ? 'stopped' : 'let through')).join();
  } catch (error) {
    ours.add(one, undefined, []);
    why = String(error);
  }
  if (why && options.show) console.log(`${one.name}: ${why}`);
  if (!peer || i % peerEvery !== 0) continue;
  const answer = await peer.judge(one.schema, texts);
  theirs.add(one, answer?.firstMs, answer?.fits ?? []);
  for (const us of answer?.maskUs ?? []) theirs.maskUs.push(us);
}
if (peer) peer.close();

const groups = [...new Set(ours.results.map(({ group }) => group))].sort();
const total = (tally: Tally) => [tally.passing(), tally.results.filter(({ refused }) => refused).length, tally.results.reduce((sum, { letThrough }) => sum + letThrough, 0)].map(String); // prettier-ignore
const columns = peer ? [ours, theirs] : [ours];
const names = peer ? ['thimble', 'llama.cpp'] : ['thimble'];
console.log(
  table(
    ['passing', ...names],
    groups.map((group) => [group, ...columns.map((tally) => tally.passing(group))]),
  ),
);
console.log();
console.log(table(['all', 'passing', 'refused or no answer', 'invalid let through'], columns.map((tally, i) => [names[i]!, ...total(tally)]))); // prettier-ignore
console.log();
const head = ['times', 'masks', 'mask µs: median', 'p95', 'p99', 'p99.9', 'first mask ms: median', 'p95'];
console.log(table(head, columns.map((tally, i) => tally.times(names[i]!)))); // prettier-ignore
