import { FormatError, type Model } from '../../../src/index.ts';
import type { Command } from '../command.ts';
import { decodeUtf8, readStdin, readTextFile } from '../input.ts';
import { computedByJson, modelOptions, readModelOptions, withModel } from '../models.ts';
import { plural, printJson, printLine, progressBar, remark, rounded } from '../terminal.ts';

/** Logits rows computed in one step: more take more memory, fewer more passes over the weights. */
const rowsAtOnce = 64;

export const perplexity: Command = {
  summary: 'measure how well a model predicts a text',
  usage: 'MODEL FILE [options]',
  about: `llama.cpp's method: the text is cut into windows of --ctx tokens, each starting from an empty context and, if the model asks
for it, with BOS in place of its first token. Every token of a window's second half is predicted from those before it, and
ppl = exp(mean negative log-likelihood). FILE may be -, which is stdin. Lower is better; compare only with the same text, context and vocabulary.

--json prints one object: ppl, stderr (standard error of ppl), nll (mean, in nats), tokens (how many were predicted), chunks,
ctx, seconds, backend (what computed; on a GPU also gpu, what is known of it).`,
  positionals: [2, 2],
  options: {
    ...modelOptions,
    ctx: { short: 'c', value: 'N', help: 'tokens in a window (default 512)' },
    chunks: { value: 'N', help: 'stop after this many windows (default: the whole text)' },
    json: { help: 'print one JSON object and nothing else' },
  },
  examples: [
    ['thimble perplexity smollm2 README.md --ctx 256', 'of this readme'],
    ['thimble perplexity smollm2 wiki.test.raw --chunks 20 --json', 'of the first 20 windows, for programs'],
  ],
  async run(args, signal) {
    const nCtx = args.count('ctx', { min: 4 }) ?? 512;
    const maxChunks = args.count('chunks') ?? Infinity;
    const opening = { ...readModelOptions(args), nCtx, maxLogits: Math.min(rowsAtOnce, nCtx), signal };
    const path = args.positionals[1]!;
    const text = path === '-' ? decodeUtf8(await readStdin(signal), 'stdin') : await readTextFile(path, signal);
    await withModel(args.positionals[0]!, opening, async (model) => {
      const startMs = performance.now();
      const tokens = await model.tokenize(text);
      const nChunks = Math.min(maxChunks, Math.floor(tokens.length / nCtx));
      if (nChunks === 0) {
        const came = `${path === '-' ? 'stdin' : path} has ${plural(tokens.length, 'token')}, a window ${nCtx}`;
        throw new FormatError(`${came}; give a longer text or a smaller --ctx`);
      }
      const estimate = await measure(model, tokens, { nCtx, nChunks, signal });
      const { ppl, stderr, nll, n } = estimate;
      const seconds = (performance.now() - startMs) / 1000;
      if (args.flag('json')) {
        const numbers = { ppl: rounded(ppl, 6), stderr: rounded(stderr, 6), nll: rounded(nll, 8), tokens: n };
        return printJson({
          ...numbers,
          chunks: nChunks,
          ctx: nCtx,
          seconds: rounded(seconds),
          ...computedByJson(model.info),
        });
      }
      await printLine(`perplexity ${ppl.toFixed(4)} ± ${stderr.toFixed(4)}`);
      remark(`${plural(n, 'token')} predicted in ${plural(nChunks, 'window')} of ${nCtx}, ${seconds.toFixed(1)} s`);
    });
  },
};

interface Windows {
  readonly nCtx: number;
  readonly nChunks: number;
  readonly signal: AbortSignal;
}

async function measure(model: Model, tokens: readonly number[], { nCtx, nChunks, signal }: Windows): Promise<Estimate> {
  const { bosToken } = model.info;
  const firstRow = Math.floor(nCtx / 2);
  const bar = progressBar('perplexity');
  let [sum, sumOfSquares, n] = [0, 0, 0];
  try {
    bar.update(0, nChunks, 'the first window');
    for (let chunk = 0; chunk < nChunks; chunk++) {
      const window = tokens.slice(chunk * nCtx, (chunk + 1) * nCtx);
      if (bosToken !== undefined) window[0] = bosToken;
      for (const logProb of await model.score(window, { firstRow, signal })) {
        sum -= logProb;
        sumOfSquares += logProb * logProb;
        n++;
      }
      const { ppl, stderr } = estimateOf(sum, sumOfSquares, n);
      bar.update(chunk + 1, nChunks, `${chunk + 1} of ${nChunks}: ${ppl.toFixed(3)} ± ${stderr.toFixed(3)}`);
    }
  } finally {
    bar.end();
  }
  return estimateOf(sum, sumOfSquares, n);
}

interface Estimate {
  readonly ppl: number;
  readonly stderr: number;
  readonly nll: number;
  readonly n: number;
}

/** The error of the mean, carried through exp: d exp(x) = exp(x) dx. */
function estimateOf(sum: number, sumOfSquares: number, n: number): Estimate {
  const nll = sum / n;
  const variance = Math.max(0, sumOfSquares / n - nll * nll);
  const ppl = Math.exp(nll);
  return { ppl, stderr: n > 1 ? ppl * Math.sqrt(variance / (n - 1)) : 0, nll, n };
}
