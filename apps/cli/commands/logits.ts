import { openNodeSink } from '../../../src/gguf.ts';
import { UsageError, type Command } from '../command.ts';
import { modelOptions, readModelOptions, withFile, withModel } from '../models.ts';
import { forceOption, refuseSame } from '../output.ts';
import { counted, formatBytes, printLine, progressBar } from '../terminal.ts';
import { readPrompt } from './run.ts';

/** Rows computed in one step. */
const rowsAtOnce = 32;

export const logits: Command = {
  summary: 'write the logits of every token of a prompt',
  usage: 'MODEL --prompt TEXT --out FILE [options]',
  about: `FILE gets little-endian f32, [nTokens, nVocab]: row i is what the model expects after token i. The prompt is taken as by
"thimble run --raw", with BOS in front if the model asks for it. FILE appears when it is whole.`,
  positionals: [1, 1],
  options: {
    prompt: { short: 'p', value: 'TEXT', help: 'the text; without it, stdin less one line break at its end' },
    out: { short: 'o', value: 'FILE', help: 'where the logits go' },
    ...forceOption,
    special: { rare: true, help: 'control tokens spelled out in the prompt count as such' },
    ...modelOptions,
  },
  examples: [
    ['thimble logits smollm2 --prompt "The capital of France is" --out logits.f32', 'five rows of 49,152 floats'],
  ],
  async run(args, signal) {
    const out = args.text('out');
    if (out === undefined || out === '') throw new UsageError('--out FILE is missing');
    const opening = { ...readModelOptions(args), maxLogits: rowsAtOnce, signal };
    const [given] = args.positionals as readonly [string];
    await withFile(given, { signal }, async (file) => refuseSame(file, out)); // before stdin is waited for
    const text = await readPrompt(args, signal);
    if (text === '') throw new UsageError('the prompt is empty; give a text');
    await withModel(given, opening, async (model) => {
      const { nVocab, bosToken } = model.info;
      const tokens = await model.tokenize({ text, special: args.flag('special'), bos: bosToken !== undefined });
      const sink = await openNodeSink(out, { replace: args.flag('force') });
      const bar = progressBar('writing');
      let nRows = 0;
      let written = Promise.resolve();
      try {
        await model.logits(
          tokens,
          (rows) => {
            nRows += rows.length / nVocab;
            bar.update(nRows, tokens.length, `${counted(nRows)} of ${counted(tokens.length)} rows`);
            written = written.then(() => sink.write(littleEndian(rows)));
            written.catch(() => undefined); // seen below
          },
          { signal },
        );
        await written;
        await sink.finish();
      } catch (error) {
        await written.catch(() => undefined);
        await sink.abort();
        throw error;
      } finally {
        bar.end();
      }
      await printLine(`${out}: [${counted(nRows)}, ${counted(nVocab)}] f32, ${formatBytes(nRows * nVocab * 4)}`);
    });
  },
};

/** The floats' bytes: JavaScript engines keep them in little-endian order wherever Node runs. */
const littleEndian = (rows: Float32Array): Uint8Array => new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
