import { basename } from 'node:path';
import { openNodeSink, writeImportance } from '../../../src/gguf.ts';
import { FormatError } from '../../../src/index.ts';
import { UsageError, type Command } from '../command.ts';
import { decodeUtf8, readStdin, readTextFile } from '../input.ts';
import { modelOptions, readModelOptions, withFile, withModel } from '../models.ts';
import { forceOption, refuseSame } from '../output.ts';
import { counted, plural, printLine, progressBar } from '../terminal.ts';
import { timeLeft } from '../time_left.ts';

/** Tokens read in one step: all of them get logits, so that the last layer sees all of them. */
const rowsAtOnce = 64;

const { threads, kv, backend, build, activations } = modelOptions;

export const imatrix: Command = {
  summary: 'measure which columns of a model matter, for quantize',
  usage: 'MODEL FILE --out OUT [options]',
  about: `The model reads a text in windows of --ctx tokens, each from an empty context, and adds up the squares of what each column of each
matrix is multiplied with. "thimble quantize --imatrix OUT" then rounds most carefully where the model looks. OUT has llama.cpp's form, and
appears when it is whole.

FILE may be -, which is stdin. Take a text of the kind that the model is for; 100 windows are enough, more hardly matter. MODEL is best in f16 or
q8_0, whatever is made of it later.`,
  positionals: [2, 2],
  options: {
    out: { short: 'o', value: 'OUT', help: 'where the importance matrix goes' },
    ctx: { short: 'c', value: 'N', help: 'tokens in a window (default 512)' },
    chunks: { value: 'N', help: 'stop after this many windows (default: the whole text)' },
    special: { rare: true, help: 'control tokens spelled out in the text count as such' },
    ...forceOption,
    ...{ threads, kv, backend, build, activations },
  },
  examples: [
    ['thimble imatrix model-f16.gguf wiki.train.raw --out model.imatrix.gguf --chunks 100', 'of 51,200 tokens'],
  ],
  async run(args, signal) {
    const out = args.text('out');
    if (out === undefined || out === '') throw new UsageError('--out OUT is missing');
    const nCtx = args.count('ctx', { min: 4 }) ?? 512;
    const maxChunks = args.count('chunks', { min: 1 }) ?? Infinity;
    const opening = { ...readModelOptions(args), nCtx, maxLogits: Math.min(rowsAtOnce, nCtx), signal };
    const [given, path] = args.positionals as readonly [string, string];
    await withFile(given, { signal }, async (file) => refuseSame(file, out, path)); // before stdin is waited for
    const text = path === '-' ? decodeUtf8(await readStdin(signal), 'stdin') : await readTextFile(path, signal);
    const name = path === '-' ? 'stdin' : path;
    await withModel(given, opening, async (model) => {
      const { bosToken } = model.info;
      const tokens = await model.tokenize({ text, special: args.flag('special'), bos: bosToken !== undefined });
      const nChunks = Math.min(maxChunks, Math.floor(tokens.length / nCtx));
      if (nChunks === 0) {
        const came = `${name} has ${plural(tokens.length, 'token')}, a window ${nCtx}`;
        throw new FormatError(`${came}; give a longer text or a smaller --ctx`);
      }
      const sink = await openNodeSink(out, { replace: args.flag('force') });
      const bar = progressBar('reading');
      const left = timeLeft();
      const total = nChunks * nCtx;
      const onTokens = (done: number): void =>
        bar.update(done, total, `${counted(done)} of ${counted(total)} tokens${left(done, total)}`);
      try {
        const windows = Array.from({ length: nChunks }, (_, chunk) => windowOf(tokens, chunk, nCtx, bosToken));
        const matrices = await model.columnSums(windows, { onTokens, signal });
        const content = { matrices, datasets: [basename(name)], nChunks, chunkSize: nCtx };
        await writeImportance(sink, content, { signal });
        bar.end();
        const read = `${plural(nChunks, 'window')} of ${counted(nCtx)} tokens`;
        await printLine(`${out}: ${plural(matrices.length, 'matrix', 'matrices')}, ${read}`);
      } catch (error) {
        await sink.abort();
        throw error;
      } finally {
        bar.end();
      }
    });
  },
};

/** Each window begins with BOS, if the model asks for it, in place of its first token. */
function windowOf(tokens: readonly number[], chunk: number, nCtx: number, bosToken: number | undefined): number[] {
  const window = tokens.slice(chunk * nCtx, (chunk + 1) * nCtx);
  if (bosToken !== undefined) window[0] = bosToken;
  return window;
}
