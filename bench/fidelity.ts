/**
 * What fast activations cost: perplexity, KL divergence from exact activations token by token, best tokens that are the same, and greedy texts
 * that are those of exact arithmetic.
 */
import { readFileSync } from 'node:fs';
import { loadModel, type LoadedModel } from '../src/engine/load_model.ts';
import { detectFeatures, type Build } from '../src/features.ts';
import { activationKinds, type ActivationKind } from '../src/graph/activations.ts';
import { openModelFile } from '../src/platform/model_file.ts';
import { embedded } from './lib/embedded.ts';
import { wasmFactory } from './lib/host.ts';
import { describeMachine } from './lib/machine.ts';
import { count, readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';

const { options, positionals } = readOptions('usage: node bench/run.mjs fidelity [MODEL] --text FILE [options]', {
  text: { value: 'FILE', default: 'README.md', help: 'text that is predicted' },
  ctx: { value: 'N', default: '512', help: 'tokens in a window; those of its second half count' },
  chunks: { value: 'N', default: '8', help: 'windows, from the beginning of the text' },
  build: { value: 'relaxed|simd', help: 'kernel build; default: the best one that works here' },
  threads: { value: 'N', default: '2', help: 'compute threads' },
  json: { help: 'print JSON instead of a table' },
});

/** Greedy texts of the embedded model in exact arithmetic, see scripts/model_goldens.mjs. */
interface Goldens {
  readonly nTokens: number;
  readonly cases: readonly {
    readonly prompt: readonly number[];
    readonly exact: { readonly tokens: readonly number[] };
  }[];
}

const path = positionals[0] ?? embedded;
const nCtx = count('ctx', options.ctx);
const build = (options.build ?? detectFeatures().build) as Build;
const file = await openModelFile(path);
const open = (activations: ActivationKind): Promise<LoadedModel> =>
  loadModel(file, { nCtx, activations, maxLogits: 64 }, wasmFactory(build, count('threads', options.threads)));

/** log p of every token of a row. */
function logProbsOf(row: Float32Array): Float64Array {
  const most = row.reduce((max, logit) => Math.max(max, logit), -Infinity);
  const sum = row.reduce((total, logit) => total + Math.exp(logit - most), 0);
  return Float64Array.from(row, (logit) => logit - most - Math.log(sum));
}

/** The logits of a window's second half, row by row, but for its last token's. */
async function rowsOf(model: LoadedModel, tokens: readonly number[]): Promise<Float64Array[]> {
  const { nVocab } = model.tokenizer;
  const session = model.openSession();
  const rows: Float64Array[] = [];
  for await (const some of session.logits(tokens, nCtx >> 1)) {
    for (let at = 0; at < some.length; at += nVocab) rows.push(logProbsOf(some.subarray(at, at + nVocab)));
  }
  session.close();
  return rows.slice(0, (nCtx >> 1) - 1);
}

async function greedy(model: LoadedModel, prompt: readonly number[], maxTokens: number): Promise<readonly number[]> {
  const session = model.openSession();
  const events = session.generate(prompt, { maxTokens, temperature: 0 });
  for (;;) {
    const { value, done } = await events.next();
    if (!done) continue;
    session.close();
    return value.tokens;
  }
}

const bestOf = (row: Float64Array): number => row.indexOf(row.reduce((max, value) => Math.max(max, value), -Infinity));

/** Σ p (log p − log q), in nats. */
const divergence = (p: Float64Array, q: Float64Array): number =>
  p.reduce((sum, logP, i) => sum + Math.exp(logP) * (logP - q[i]!), 0);

const [exact, fast] = [await open('exact'), await open('fast')];
const tokens = exact.encode(readFileSync(options.text, 'utf8'));
const nChunks = Math.min(count('chunks', options.chunks), Math.floor(tokens.length / nCtx));
if (nChunks === 0) throw new RangeError(`${options.text} has ${tokens.length} tokens, a window ${nCtx}`);
const nll = { exact: 0, fast: 0 };
const kl: number[] = [];
let nSame = 0;
for (let chunk = 0; chunk < nChunks; chunk++) {
  const window = tokens.slice(chunk * nCtx, (chunk + 1) * nCtx);
  if (exact.info.bosToken !== undefined) window[0] = exact.info.bosToken;
  const [p, q] = [await rowsOf(exact, window), await rowsOf(fast, window)];
  for (const [i, row] of p.entries()) {
    const next = window[(nCtx >> 1) + i + 1]!;
    nll.exact -= row[next]!;
    nll.fast -= q[i]![next]!;
    kl.push(divergence(row, q[i]!));
    if (bestOf(row) === bestOf(q[i]!)) nSame++;
  }
  process.stderr.write(`window ${chunk + 1} of ${nChunks}\n`);
}
kl.sort((a, b) => a - b);

/** How many of the golden texts come out, by kind of activations; only the embedded model has some. */
const nTexts: Partial<Record<ActivationKind, string>> = {};
if (path === embedded) {
  const golden = new URL('../../test/fixtures/models/smollm2_greedy.json', import.meta.url); // seen from bench/dist/
  const { cases, nTokens } = JSON.parse(readFileSync(golden, 'utf8')) as Goldens;
  for (const [kind, model] of [
    ['exact', exact],
    ['fast', fast],
  ] as const) {
    let n = 0;
    for (const { prompt, exact: wanted } of cases) {
      const came = await greedy(model, prompt, nTokens);
      if (came.length === wanted.tokens.length && came.every((token, i) => token === wanted.tokens[i])) n++;
    }
    nTexts[kind] = `${n} of ${cases.length}`;
  }
}
const n = kl.length;
const perplexity = (kind: ActivationKind): number => Math.exp(nll[kind] / n);
const result = {
  model: exact.info.name,
  backend: exact.info.backend,
  tokens: n,
  perplexity: { exact: perplexity('exact'), fast: perplexity('fast') },
  kl: { mean: kl.reduce((a, b) => a + b, 0) / n, percentile99: kl[Math.floor(0.99 * n)]!, max: kl.at(-1)! },
  sameBest: nSame / n,
  greedy: nTexts,
};
await exact.close();
await fast.close();
await Promise.all(file.sources.map((source) => source.close?.()));
if (options.json) console.log(JSON.stringify({ machine: describeMachine(), ...result }, null, 1));
else {
  const rows = activationKinds.map((kind) => [
    kind,
    perplexity(kind).toFixed(4),
    ...(kind === 'exact'
      ? ['0', '0', '0', '100 %']
      : [...Object.values(result.kl).map((value) => value.toExponential(1)), `${((100 * nSame) / n).toFixed(1)} %`]),
    nTexts[kind] ?? '–',
  ]);
  console.log(`${result.model}, ${result.backend}; ${n} tokens of ${options.text} in ${nChunks} windows of ${nCtx}\n`);
  console.log(
    table(['activations', 'perplexity', 'KL mean', 'KL 99 %', 'KL max', 'same best token', 'greedy texts'], rows),
  );
}
